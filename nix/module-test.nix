# The NixOS module, evaluated: by the module system where the package set has it, else by hand,
# which shows what the unit becomes and leaves the types unchecked.
{
  pkgs,
  module,
  aura,
}:
let
  inherit (pkgs) lib;

  byModuleSystem =
    given:
    (lib.evalModules {
      specialArgs = { inherit pkgs; };
      modules = [
        module
        {
          options = {
            assertions = lib.mkOption { type = lib.types.listOf lib.types.attrs; };
            systemd.services = lib.mkOption { type = lib.types.attrsOf lib.types.attrs; };
          };
        }
        { services.aura = given; }
      ];
    }).config;

  defaults =
    options:
    if (options._type or "") == "option" then
      options.default or null
    else
      builtins.mapAttrs (_: defaults) options;
  byHand =
    given:
    let
      bare = module {
        inherit lib pkgs;
        config = { };
      };
      plain = (defaults bare.options).services.aura;
      aura =
        plain
        // given
        // {
          settings = plain.settings // given.settings or { };
          secretFiles = plain.secretFiles // given.secretFiles or { };
        };
    in
    (module {
      inherit lib pkgs;
      config.services = { inherit aura; };
    }).config;

  typed = lib ? evalModules;
  evaluate =
    given:
    (if typed then byModuleSystem else byHand) (
      given
      // {
        enable = true;
        package = aura;
      }
    );
  unit = given: (evaluate given).systemd.services.aura.serviceConfig;
  broken = given: builtins.filter (one: !one.assertion) (evaluate given).assertions;
  refusals = given: map (one: one.message) (broken given);
  evaluates =
    settings: (builtins.tryEval (unit { inherit settings; }).EnvironmentFile.drvPath).success;

  bare = unit { };
  full = {
    settings = {
      ENVIRONMENT = "production";
      SERVER_PORT = 443;
      SERVER_SHUTDOWN_TIMEOUT_SECONDS = 40;
      SERVER_TRUSTED_PROXIES = [
        "10.0.12.0/28"
        "fd00:12::4"
      ];
      REDIS_ENABLED = true;
      JWT_ISSUER = "a \"quoted\" $5 %d \\ `issuer`";
    };
    secretFiles.JWT_SECRET_KEY = "/run/secrets/jwt";
  };
  production = unit full;

  facts = {
    bareRuns = bare.ExecStart == "${aura}/bin/aura serve";
    bareHasNoCredential = bare.LoadCredential == [ ];
    bareStops = bare.TimeoutStopSec == "30";
    userIsDynamic = bare.DynamicUser == "yes";
    systemIsReadOnly = bare.ProtectSystem == "strict";
    noCapability = bare.CapabilityBoundingSet == "";
    secretIsACredential = production.LoadCredential == [ "JWT_SECRET_KEY:/run/secrets/jwt" ];
    credentialIsRead = production.ExecStart == "${aura}/bin/aura serve --secrets-dir=%d";
    lowPortIsAllowed = production.AmbientCapabilities == "CAP_NET_BIND_SERVICE";
    stopFollowsTheSetting = production.TimeoutStopSec == "45";
    nothingIsRefused = refusals full == [ ] && refusals { } == [ ];
    missingSecretIsNamed = lib.hasPrefix "services.aura.secretFiles.JWT_SECRET_KEY" (
      builtins.head (refusals { settings.ENVIRONMENT = "production"; })
    );
    storeIsNoPlaceForASecret =
      builtins.length (refusals { secretFiles.JWT_SECRET_KEY = "${builtins.storeDir}/key"; }) == 1;
    typesHold =
      !typed
      || !builtins.any evaluates [
        { SERVER_PORT = 70000; }
        { LOG_LEVEL = "loud"; }
        { LOG_LEVLE = "info"; }
      ];
  };
  wrong = builtins.filter (name: !facts.${name}) (builtins.attrNames facts);
in
assert lib.assertMsg (wrong == [ ]) "nix/module.nix: ${builtins.concatStringsSep ", " wrong}";
pkgs.runCommand "aura-module"
  {
    # To be built and seen failing: aura refuses what no type can.
    passthru.refused = (unit { settings.SERVER_TRUSTED_PROXIES = [ "nowhere" ]; }).EnvironmentFile;
    expected = ''
      ENVIRONMENT="production"
      JWT_ISSUER="a \"quoted\" \$5 %d \\ \`issuer\`"
      REDIS_ENABLED="true"
      SERVER_PORT="443"
      SERVER_SHUTDOWN_TIMEOUT_SECONDS="40"
      SERVER_TRUSTED_PROXIES="10.0.12.0/28,fd00:12::4"
    '';
    passAsFile = [ "expected" ];
  }
  ''
    diff "$expectedPath" ${production.EnvironmentFile}
    touch $out
  ''
