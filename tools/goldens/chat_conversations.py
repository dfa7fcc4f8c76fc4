"""The conversations of make_chat_templates.py: what each kind of template meets."""

SPECIAL_TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>",
                  "additional_special_tokens": ["<one>", "<two>"]}


def say(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments, id="call12345"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(name, description, properties, required):
    return {"type": "function", "function": {"name": name, "description": description, "parameters": {
        "type": "object", "properties": properties, "required": required}}}


TOOLS = [
    tool("weather", "Weather of a place \"now\" & later", {
        "place": {"type": "string", "description": "Where, e.g. <Köln>"},
        "unit": {"type": "string", "enum": ["C", "F"]},
        "days": {"type": ["integer", "null"], "description": "How many"}}, ["place"]),
    tool("add", "Adds numbers", {
        "numbers": {"type": "array", "items": {"type": "number"}, "description": "Which"},
        "options": {"type": "object", "properties": {"round": {"type": "boolean"}}}}, ["numbers"]),
]
ASKED = [say("user", "Weather in Köln?"),
         say("assistant", None, tool_calls=[call("weather", {"place": "Köln", "days": 2, "x": None, "y": [1.5, True]})]),
         say("tool", "{\"sky\": \"grey\"}", name="weather", tool_call_id="call12345")]

CONVERSATIONS = {
    "user": {"messages": [say("user", "Hello, who are you?")]},
    "system": {"messages": [say("system", "You are terse."), say("user", "Hi {{ name }} {% if %}")]},
    "turns": {"messages": [say("user", "  spaces \u3000around\n\n"), say("assistant", "\x1c kept\u00a0inside \t"),
                           say("user", "end")]},
    "long": {"messages": [say("system", "  Be <kind> & 'calm'. \n"), say("user", "1"), say("assistant", "2"),
                          say("user", "3"), say("assistant", "4\n"), say("user", "\U0001f600 é \"q\"")]},
    "answered": {"messages": [say("user", "Ends with the assistant"), say("assistant", "yes ")]},
    "twice": {"messages": [say("user", "twice"), say("user", "in a row")]},
    "assistant-first": {"messages": [say("assistant", "first")]},
    "empty": {"messages": [say("user", "")]},
    "thoughts": {"messages": [say("user", "2+2?"), say("assistant", "<think>\nAdd.\n</think>\n\n4"), say("user", "3+3?"),
                              say("assistant", "6", reasoning_content="Add again.\n")]},
    "no-thinking": {"messages": [say("system", "/no_think Be quick."), say("user", "Go")],
                    "variables": {"enable_thinking": False, "thinking": False, "reasoning_effort": "low"}},
    "parts": {"messages": [say("user", [{"type": "text", "text": " What is "}, {"type": "image"},
                                        {"type": "text", "text": "this?"}]), say("assistant", "A cat.")]},
    "tools-offered": {"messages": [say("system", "Use tools."), say("user", "Add 1 and 2")], "tools": TOOLS},
    "tools-used": {"messages": ASKED + [say("assistant", "Grey."), say("user", "Thanks")], "tools": TOOLS},
    "tool-result": {"messages": ASKED, "tools": TOOLS},
    "two-calls": {"messages": [say("system", "Now."), say("user", "Both!"), say("assistant", "Well:\n", tool_calls=[
        call("add", {"numbers": [1, 2.0, 1e20]}, "abcdefghi"), call("weather", {"place": "a\"b\\c\u2028"}, "jklmnopqr")]),
        say("tool", "3.0", tool_call_id="abcdefghi"), say("tool", "sun", tool_call_id="jklmnopqr")], "tools": TOOLS[:1]},
    "call-as-text": {"messages": [say("user", "x"), say("assistant", "", tool_calls=[call("add", "{\"numbers\": [1]}")]),
                                  say("tool", {"sum": 1}, tool_call_id="call12345")], "tools": TOOLS},
    "documents": {"messages": [say("user", "What do they say?")], "documents": [
        {"title": "One", "text": "First text.", "doc_id": 1}, {"title": "Two", "text": "Second\ntext."}],
        "variables": {"controls": {"citations": True}}},
    "developer": {"messages": [say("developer", "Rules."), say("user", "Hi"), say("assistant", "Hey"), say("user", "Go")]},
    "named": {"messages": [say("user", "Hi", name="ann", weight=0), say("function", "42", name="f"), say("user", "ok")]},
    "prefilled": {"messages": [say("user", "Say A", prefix=False), say("assistant", "A", prefix=True)]},
}
