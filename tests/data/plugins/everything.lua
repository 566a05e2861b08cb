-- One of everything a plugin can register.
function register(registry)
  registry.add_rule{ id="LEAK", title="Credentials in a log", level="critical",
                     detection={ match={ {field="message", op="regex", value=[[postgresql://\S+:\S+@]]} } } }
  registry.add_pii_pattern{ name="employee_id", pattern=[[\bEMP-\d{4,8}\b]], prefix="employee" }
  registry.add_pii_pattern("order_id", [[\bORD-[A-Z0-9]{8,12}\b]], "order")
  registry.add_format{ name="app", reader="logfmt", severity={"level"},
                       samples={ {line="level=warn msg=slow", severity="WARNING"} } }
  registry.add_parser{ name="odd", starts_with="#", parse=function(line)
    local severity, message = re.match(line, [[^#(\w+) (.*)]])
    if severity then return {severity=severity, message=message, length=#line} end
  end }
  registry.add_enricher{ fields={"message", "status"}, adds={"app.team", "app.size"}, when={contains={"shop", "#"}}, run=function(f)
    return {["app.team"]=f.message:upper():sub(1, 20), ["app.size"]=(f.status or 0) + 1}
  end }
  local words = {"b", "c", "a"}
  table.sort(words)
  log(table.concat(words, ", ") .. utf8.char(228) .. string.format("%5.2f", math.pi))
end
