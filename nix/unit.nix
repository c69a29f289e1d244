# What the service may see, do and use: the [Service] section of `aura generate systemd`, as far as
# it does not name files. tests/it/nix.rs compares the two.
{
  # Seconds between the stop signal and the end by force.
  stopSeconds,
  # Whether a port below 1024 is to be opened.
  lowPort ? false,
}:
let
  capabilities = if lowPort then "CAP_NET_BIND_SERVICE" else "";
in
{
  Type = "exec";
  Restart = "on-failure";
  RestartSec = "2";
  # 78 (EX_CONFIG) is a configuration that trying again does not mend.
  RestartPreventExitStatus = "78";
  KillSignal = "SIGTERM";
  TimeoutStopSec = toString stopSeconds;

  # A user that exists while the service runs, and the one folder that it writes to.
  DynamicUser = "yes";
  StateDirectory = "aura";
  StateDirectoryMode = "0700";
  WorkingDirectory = "%S/aura";
  UMask = "0077";

  # What it may see.
  ProtectSystem = "strict";
  ProtectHome = "yes";
  PrivateTmp = "yes";
  PrivateDevices = "yes";
  # A capability of a user namespace of its own opens no low port.
  PrivateUsers = if lowPort then "no" else "yes";
  ProtectProc = "invisible";
  ProcSubset = "pid";
  ProtectClock = "yes";
  ProtectControlGroups = "yes";
  ProtectHostname = "yes";
  ProtectKernelLogs = "yes";
  ProtectKernelModules = "yes";
  ProtectKernelTunables = "yes";
  KeyringMode = "private";
  DevicePolicy = "closed";
  RemoveIPC = "yes";

  # What it may do.
  NoNewPrivileges = "yes";
  CapabilityBoundingSet = capabilities;
  AmbientCapabilities = capabilities;
  RestrictAddressFamilies = "AF_INET AF_INET6 AF_UNIX";
  RestrictNamespaces = "yes";
  RestrictRealtime = "yes";
  RestrictSUIDSGID = "yes";
  LockPersonality = "yes";
  MemoryDenyWriteExecute = "yes";
  SystemCallArchitectures = "native";
  SystemCallFilter = [
    "@system-service"
    "~@privileged @resources"
  ];
  SystemCallErrorNumber = "EPERM";

  # How much.
  LimitNOFILE = "65536";
  LimitCORE = "0";
  TasksMax = "512";
}
