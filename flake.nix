{
  description = "Sign-in for your own applications: a static binary, its image, a NixOS service";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      each = f: lib.genAttrs systems (system: f system nixpkgs.legacyPackages.${system});
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      packages = each (
        _: pkgs:
        import ./nix/packages.nix {
          inherit pkgs;
          # Of the image alone: a package that knew its commit would be built anew for each.
          revision = self.rev or self.dirtyRev or null;
          created = self.lastModified or 0;
        }
      );
      apps = each (
        system: _: {
          default = {
            type = "app";
            # The very binary of the image.
            program = "${self.packages.${system}.aura-static}/bin/aura";
          };
        }
      );
      checks = each (system: pkgs: import ./nix/checks.nix { inherit pkgs self system; });
      devShells = each (_: pkgs: { default = import ./nix/shell.nix { inherit pkgs; }; });
      formatter = each (_: pkgs: import ./nix/formatter.nix { inherit pkgs; });

      overlays.default = final: _: { aura = final.callPackage ./nix/package.nix { }; };
      nixosModules.default = import ./nix/module.nix self;
    };
}
