# The program, for whatever package set calls this: nixpkgs' own gives one that uses the libc of
# the system, its `pkgsStatic` one that needs nothing.
{
  lib,
  rustPlatform,
  stdenv,
}:
let
  cargo = (lib.importTOML ../Cargo.toml).package;
  static = stdenv.hostPlatform.isStatic;
  # nixpkgs writes a configuration of Cargo in the place of ours.
  inherit (lib.importTOML ../.cargo/config.toml) env;
  nowhere = builtins.concatStringsSep "" (builtins.genList (_: "e") 32);
in
rustPlatform.buildRustPackage (
  env
  // lib.optionalAttrs static {
    # Whatever it needs is in it.
    allowedReferences = [ ];
  }
  // {
    pname = cargo.name;
    inherit (cargo) version;

    src = import ./sources.nix { inherit lib; };
    # As a path of its own: a path inside `src` would change with every edit, and the crates with it.
    cargoLock.lockFile = ../Cargo.lock;

    buildType = "dist";
    cargoBuildFlags = [
      "--bin"
      "aura"
    ];
    # nixpkgs overrides the profile's `strip`, and by itself leaves the symbols.
    postFixup = ''
      "''${STRIP:-strip}" --strip-all $out/bin/aura
    ''
    # Panics name the source of their crate; a path in the store would be a dependency.
    + lib.optionalString static ''
      LC_ALL=C sed --in-place --regexp-extended \
        's|${builtins.storeDir}/[a-z0-9]{32}-|${builtins.storeDir}/${nowhere}-|g' $out/bin/aura
    '';
    # The tests want servers, a browser and the whole checkout: `checks.tests`.
    doCheck = false;

    meta = {
      inherit (cargo) description;
      mainProgram = "aura";
      license = [
        lib.licenses.mit
        lib.licenses.asl20
      ];
      platforms = lib.platforms.linux;
    };
  }
)
