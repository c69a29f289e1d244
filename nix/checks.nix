# `nix flake check`: what scripts/test asks of the code, in a sandbox, and what Nix itself promises.
# Tests whose server or browser is missing there are skipped, and say so.
{
  pkgs,
  self,
  system,
}:
let
  packages = self.packages.${system};
  tools = import ./tools.nix { inherit pkgs; };

  # `command` in the whole checkout, offline, with the crates of the lock.
  cargo =
    name: programs: command:
    pkgs.rustPlatform.buildRustPackage {
      pname = "aura-${name}";
      inherit (packages.aura) version;
      src = self;
      cargoLock.lockFile = ../Cargo.lock;
      nativeBuildInputs = tools programs;
      buildPhase = ''
        runHook preBuild
        ${command}
        runHook postBuild
      '';
      installPhase = "touch $out";
      doCheck = false;
    };
in
{
  fmt = cargo "fmt" [ "rustfmt" ] "cargo fmt --check";
  clippy = cargo "clippy" [ "clippy" ] "cargo clippy --all-targets --frozen -- -D warnings";
  tests = cargo "tests" [
    "cargo-nextest"
    "redis"
    "postgresql"
    "openssl"
    "curl"
    "jq"
  ] "cargo nextest run --frozen";

  # Generated files that are committed are what this code renders.
  drift = pkgs.runCommand "aura-drift" { } ''
    cd ${packages.manifests}
    find . -type f | while read -r file; do
      if [ -e ${self}/"$file" ]; then diff -u ${self}/"$file" "$file"; fi
    done
    touch $out
  '';

  inherit (packages) image;
  # Once more, in another folder, zone and mask.
  image-twice = pkgs.runCommand "aura-image-twice" { } ''
    mkdir elsewhere
    cd elsewhere
    export TZ=Pacific/Apia LC_ALL=tr_TR.UTF-8
    umask 077
    ${packages.image.command "again"}
    diff -r ${packages.image} again
    diff ${packages.image.sbom} again.sbom.cdx.json
    touch $out
  '';

  module = import ./module-test.nix {
    inherit pkgs;
    module = self.nixosModules.default;
    aura = packages.aura-static;
  };
}
