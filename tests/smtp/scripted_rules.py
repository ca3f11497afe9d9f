"""What a scripted SMTP server answers, and when: rules and their actions.

A rule is a JSON object:

    {"stage": "rcpt",            one of STAGES
     "session": 1 | [1, 2] | ">2",   session number (from 1); default: any
     "from": "*@example.com",    pattern of the reverse-path (fnmatch); default: any
     "to": "bad*",               pattern of a recipient: of this one at stage "rcpt",
                                 of any accepted one at later stages; default: any
     "user": "mailer",           pattern of the authenticated user; default: any
     "skip": 2,                  lets the first two matches pass
     "times": 1,                 acts that often, then no more; default: always
     "do": ACTION}

An action is a string or an object.  Strings:

    "451 4.7.1 later"            this reply instead of the normal one
    "drop"  "reset"  "stall"     close (FIN), close (RST), never answer

Keys of an object, all optional:

    "delay": seconds             wait first
    "reply": "250 ok" or a list of lines (complete, "250-a", "250 b"), instead of
             the normal reply; "normal" for the normal one
    "raw":   bytes instead of a reply (a string; each character is one byte)
    "glue":  like raw, behind the reply and in the same write
    "drip":  seconds between bytes of the reply
    "close": "fin" | "rst"       after the reply, or instead of one when none is given;
                                 a 421 closes by itself unless "close" is false
    "stall": true                never answers, keeps the connection open
    "after": bytes               stage "body" only: when so much of it was read
    "pause": seconds             stage "body" only: reads nothing for so long
    "serve": true                stages "data" and "dot": do as if the reply had been the
                                 normal one (store the message, go on to the body)

At stage "idle" (after each message, when nothing more has come) the action
is done once "delay" has passed without a command.
"""
import fnmatch
import re

STAGES = ("connect", "greeting", "ehlo", "helo", "starttls", "tls", "auth", "mail", "rcpt",
          "data", "body", "dot", "rset", "noop", "quit", "idle")

# rcpt451x1-anna@example.com: the first time 451 to RCPT, from then on normal.
IN_ADDRESS = re.compile(
    r"(mail|rcpt|data|body|dot|idle)-?(\d{3}|drop|reset|stall)(?:x(\d+))?(?:[-+._].*)?$")
TEXTS = {"4": "4.7.1 scripted, try later", "5": "5.7.1 scripted refusal", "2": "2.0.0 scripted",
         "3": "scripted"}


class Action:
    """One answer, with every default filled in."""

    def __init__(self, do):
        if isinstance(do, str):
            do = {"drop": {"close": "fin"}, "reset": {"close": "rst"},
                  "stall": {"stall": True}}.get(do) or {"reply": do}
        known = {"delay", "reply", "raw", "glue", "drip", "close", "stall", "after", "pause", "serve"}
        if set(do) - known:
            raise ValueError("unknown keys of an action: %s" % sorted(set(do) - known))
        self.delay = do.get("delay", 0)
        self.drip = do.get("drip", 0)
        self.stall = do.get("stall", False)
        self.after = do.get("after", 0)
        self.pause = do.get("pause", 0)
        self.serve = do.get("serve", False)
        self.glue = do.get("glue", "").encode("latin-1")
        self.close = do.get("close")
        self.normal = do.get("reply") == "normal"
        self.reply = None          # bytes, None: none of its own
        self.code = 0
        if "raw" in do:
            self.reply = do["raw"].encode("latin-1")
        elif "reply" in do and not self.normal:
            lines = do["reply"] if isinstance(do["reply"], list) else [do["reply"]]
            self.reply = "".join(line + "\r\n" for line in lines).encode("latin-1")
        if self.reply and re.match(rb"\d{3}", self.reply):
            self.code = int(self.reply[:3])
        if self.code == 421 and self.close is None:
            self.close = "fin"
        if self.reply is None and not (self.close or self.stall):
            self.normal = True

    def hinders(self):
        """The normal course is left: refused, cut or stalled."""
        if self.serve or self.normal:
            return False
        return self.stall or self.reply is None or not 200 <= self.code < 400


class Rule:
    def __init__(self, rule):
        unknown = set(rule) - {"stage", "session", "from", "to", "user", "skip", "times", "do"}
        if unknown:
            raise ValueError("unknown keys of a rule: %s" % sorted(unknown))
        if rule["stage"] not in STAGES:
            raise ValueError("unknown stage: %s" % rule["stage"])
        self.stage = rule["stage"]
        self.session = rule.get("session")
        self.sender, self.recipient = rule.get("from"), rule.get("to")
        self.user = rule.get("user")
        self.skip = rule.get("skip", 0)
        self.times = rule.get("times", -1)
        self.action = Action(rule["do"])

    def fits(self, session, sender, recipients, user):
        if isinstance(self.session, str):
            if not session > int(self.session.lstrip(">")):
                return False
        elif isinstance(self.session, list):
            if session not in self.session:
                return False
        elif self.session is not None and session != self.session:
            return False
        if self.sender is not None and not fnmatch.fnmatchcase(sender or "", self.sender):
            return False
        if self.user is not None and not fnmatch.fnmatchcase(user or "", self.user):
            return False
        return self.recipient is None or any(fnmatch.fnmatchcase(r, self.recipient)
                                             for r in recipients)


class Rules:
    """All rules of a server.  Not locked: the server holds its lock around it."""

    def __init__(self, rules=(), in_addresses=True):
        self.by_stage = {}
        self.in_addresses = in_addresses
        self.spent = {}
        for rule in rules:
            self.add(rule)

    def add(self, rule):
        made = Rule(rule)
        self.by_stage.setdefault(made.stage, []).append(made)

    def find(self, stage, session, sender=None, recipients=(), user=None):
        """The action for this moment, or None for the normal course."""
        for rule in self.by_stage.get(stage, ()):
            if rule.times == 0 or not rule.fits(session, sender, recipients, user):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.times > 0:
                rule.times -= 1
            return rule.action
        if self.in_addresses and stage in ("mail", "rcpt", "data", "body", "dot", "idle"):
            return self._from_addresses(stage, sender, recipients)
        return None

    def _from_addresses(self, stage, sender, recipients):
        for address in (sender or "", *recipients):
            match = IN_ADDRESS.match(address.rsplit("@", 1)[0])
            if not match or match[1] != stage:
                continue
            if match[3]:
                count = self.spent[address] = self.spent.get(address, 0) + 1
                if count > int(match[3]):
                    continue
            what = match[2]
            if what.isdigit():
                what = "%s %s" % (what, TEXTS.get(what[0], "scripted"))
            return Action(what)
        return None
