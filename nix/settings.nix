# aura's settings, read off the JSON Schema that the code renders: a new setting is a new option
# by itself. Nothing but builtins, so that a test can compare this with `aura config explain`.
let
  schema = builtins.fromJSON (builtins.readFile ../docs/reference/config.schema.json);

  # A node with what it refers to; what stands beside the reference wins.
  resolve =
    node:
    let
      name = builtins.baseNameOf node."$ref";
      here = if node ? "$ref" then schema."$defs".${name} // removeAttrs node [ "$ref" ] else node;
      # What is left of "one of these or null".
      choices = builtins.filter (choice: (choice.type or "") != "null") (here.anyOf or [ ]);
    in
    if builtins.length choices == 1 then
      resolve (builtins.head choices) // removeAttrs here [ "anyOf" ]
    else
      here;

  # The values of an enum.
  values = node: node.enum or (map (one: one.const) (node.oneOf or [ ]));

  kind =
    node:
    let
      types = builtins.filter (type: type != "null") (
        if builtins.isList node.type then node.type else [ node.type ]
      );
    in
    if values node != [ ] then
      "enum"
    else if types == [ "array" ] then
      "list"
    else
      builtins.head types;

  leaves =
    required: node:
    let
      here = resolve node;
      below = builtins.attrNames (here.properties or { });
      leaf = name: leaves (builtins.elem name (here.required or [ ])) here.properties.${name};
    in
    if here ? x-env then [ (setting required here) ] else builtins.concatMap leaf below;

  setting = required: node: {
    name = node.x-env;
    value = {
      type = kind node;
      allowed = values (if node ? items then resolve node.items else node);
      minimum = node.minimum or null;
      maximum = node.maximum or null;
      default = node.default or null;
      example = if node ? examples then builtins.head node.examples else null;
      required = required && !(node ? default);
      required_in = node.x-required-in or [ ];
      required_when = map (setting: {
        inherit setting;
        values = if node.x-required-when.${setting} == true then [ ] else node.x-required-when.${setting};
      }) (builtins.attrNames (node.x-required-when or { }));
      secret = node.writeOnly or false;
      docs = node.description or "";
    };
  };
in
builtins.listToAttrs (leaves false schema)
