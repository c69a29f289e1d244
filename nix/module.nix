# `services.aura` of NixOS. Its options are aura's settings, its unit is that of
# `aura generate systemd`, and what aura would refuse at its start fails the build of the system.
self:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.aura;
  settings = import ./settings.nix;
  plain = lib.filterAttrs (_: setting: !setting.secret) settings;
  secret = lib.filterAttrs (_: setting: setting.secret) settings;

  inherit (lib) types;
  typeOf =
    setting:
    let
      one =
        if setting.allowed != [ ] then
          types.enum setting.allowed
        else if setting.type == "boolean" then
          types.bool
        else if setting.type != "integer" then
          types.str
        else if setting.minimum != null && setting.maximum != null then
          types.ints.between setting.minimum setting.maximum
        else
          types.int;
    in
    types.nullOr (if setting.type == "list" then types.listOf one else one);

  # As it is written into a variable.
  text =
    value:
    if builtins.isBool value then
      (if value then "true" else "false")
    else if builtins.isList value then
      lib.concatStringsSep "," value
    else
      toString value;

  # What is not given is left to aura, whose defaults depend on ENVIRONMENT.
  plainOption =
    _: setting:
    let
      default = "\n\nDefault of aura: `${text setting.default}`";
    in
    lib.mkOption {
      type = typeOf setting;
      default = null;
      description = setting.docs + lib.optionalString (setting.default != null) default;
    };
  secretOption =
    name: setting:
    lib.mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "/run/secrets/aura/${name}";
      description = "File that holds `${name}`, outside the Nix store.\n\n${setting.docs}";
    };

  isGiven = _: value: value != null;
  given = builtins.mapAttrs (_: text) (lib.filterAttrs isGiven cfg.settings);
  files = lib.filterAttrs isGiven cfg.secretFiles;
  # What holds: what was given, or what aura takes by itself.
  valueOf =
    name: if given ? ${name} then cfg.settings.${name} else settings.${name}.default;

  # The check runs where the system is built, so it takes an aura for that machine.
  platform = pkgs.stdenv.buildPlatform.system;
  native = platform == pkgs.stdenv.hostPlatform.system;
  checker = if native then cfg.package else self.packages.${platform}.aura;

  # The settings as a file for systemd, which comes to be only if aura would start with them.
  words = lib.concatStringsSep " " (
    lib.mapAttrsToList (name: value: lib.escapeShellArg "${name}=${value}") given
  );
  special = [
    "\\"
    "\""
    "`"
    "$"
  ];
  quoted = value: "\"${builtins.replaceStrings special (map (sign: "\\" + sign) special) value}\"";
  lines = lib.mapAttrsToList (name: value: "${name}=${quoted value}\n") given;
  environmentFile =
    pkgs.runCommand "aura.env"
      {
        text = lib.concatStringsSep "" lines;
        passAsFile = [ "text" ];
      }
      ''
        env -i ${words} ${checker}/bin/aura config check --secrets-elsewhere
        cp "$textPath" $out
      '';

  option =
    name: "services.aura.${if settings.${name}.secret then "secretFiles" else "settings"}.${name}";
  inStore = lib.hasPrefix builtins.storeDir;
  outsideTheStore = name: file: {
    assertion = lib.hasPrefix "/" file && !(inStore file);
    message = "${option name} must be an absolute path outside the Nix store, which all may read";
  };
  # Settings that others ask for, by the conditions that aura checks at its start.
  isMet =
    condition:
    let
      value = valueOf condition.setting;
    in
    if settings.${condition.setting}.secret then
      files ? ${condition.setting}
    else
      value != null
      && value != ""
      && (condition.values == [ ] || builtins.elem value condition.values);
  reasons =
    setting:
    lib.optionals (builtins.elem (valueOf "ENVIRONMENT") setting.required_in) [ "ENVIRONMENT" ]
    ++ map (condition: condition.setting) (builtins.filter isMet setting.required_when);
  reason = name: if settings.${name}.secret then "${name} is set" else "${name} is ${text (valueOf name)}";
  there = name: setting: {
    assertion =
      files ? ${name}
      || given ? ${name}
      || setting.default != null
      || !(setting.required || reasons setting != [ ]);
    message =
      "${option name} must be set"
      + lib.optionalString (reasons setting != [ ])
        " where ${lib.concatStringsSep " and " (map reason (reasons setting))}";
  };
  assertions = lib.mapAttrsToList outsideTheStore files ++ lib.mapAttrsToList there settings;
in
{
  options.services.aura = {
    enable = lib.mkEnableOption "aura, sign-in for your own applications";
    package = lib.mkOption {
      type = types.package;
      default = self.packages.${pkgs.stdenv.hostPlatform.system}.aura;
      defaultText = lib.literalExpression "aura.packages.\${system}.aura";
      description = "The aura that runs.";
    };
    settings = builtins.mapAttrs plainOption plain;
    secretFiles = builtins.mapAttrs secretOption secret;
  };

  config = lib.mkIf cfg.enable {
    inherit assertions;
    systemd.services.aura = {
      description = "aura: sign-in for your own applications";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      unitConfig = {
        StartLimitIntervalSec = 60;
        StartLimitBurst = 10;
      };
      serviceConfig =
        import ./unit.nix {
          # Between the last answer and the end of the process.
          stopSeconds = valueOf "SERVER_SHUTDOWN_TIMEOUT_SECONDS" + 5;
          lowPort = builtins.any (port: port > 0 && port < 1024) [
            (valueOf "SERVER_PORT")
            (valueOf "SERVER_METRICS_PORT")
          ];
        }
        // {
          EnvironmentFile = environmentFile;
          # Without a credential there is no folder of them.
          ExecStart =
            "${cfg.package}/bin/aura serve" + lib.optionalString (files != { }) " --secrets-dir=%d";
          LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") files;
        };
    };
  };
}
