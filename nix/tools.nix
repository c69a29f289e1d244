# Programs by their names in nixpkgs. One that a package set lacks is left out and named, so that
# another nixpkgs than that of flake.lock can serve too.
{ pkgs }:
names:
let
  missing = builtins.filter (name: !(pkgs ? ${name})) names;
  found = builtins.filter (package: package != null) (map (name: pkgs.${name} or null) names);
in
if missing == [ ] then
  found
else
  builtins.trace "aura: these nixpkgs have no ${builtins.concatStringsSep ", " missing}" found
