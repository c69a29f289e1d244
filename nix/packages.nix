# The packages of one system.
{
  pkgs,
  revision,
  created,
}:
let
  aura = pkgs.callPackage ./package.nix { };
  aura-static = pkgs.pkgsStatic.callPackage ./package.nix { };
  image = pkgs.callPackage ./image.nix facts;
  facts = {
    aura = aura-static;
    inherit revision created;
  };
in
{
  inherit aura aura-static image;
  default = image;
  image-archive = pkgs.callPackage ./image.nix (facts // { format = "oci-archive"; });
  # Everything that `aura generate` renders without a deploy.toml.
  manifests = pkgs.runCommand "aura-manifests" { } ''
    ${aura-static}/bin/aura generate all --out $out
  '';
}
