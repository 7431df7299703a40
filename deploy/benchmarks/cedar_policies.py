"""States contracts, requests and resources in Cedar, so that Cedar answers as the consent engine does.

What Cedar states by itself: hierarchies of organisations, groups, linked identities and purposes (`in`), one
denial that outweighs every permit (`forbid`), denial where nothing permits, numbers, sets.

What Cedar cannot state, and how it is written by hand here. The names are those of OMISSIONS: each can be
left out, which shows by wrong answers that the rule matters.

- unknown: Cedar has two truth values, and a policy that meets a missing attribute is skipped, a forbid too.
  So each element of a denial is written as "not known, or it matches", of a permit as "known, and it
  matches".
- override: a Cedar policy cannot see whether another one matches. A root that denies is written with an
  `unless` that repeats the conditions of every permit nested in it. (Nested denials need none: `forbid` wins
  anyway.)
- break-glass: the custodian's policy on break-glass holds where no contract names BTG. It is one more permit,
  with an `unless` made from all contracts of the patient, so it changes whenever one of them does.
- break-glass-hierarchy: BTG is a kind of ETREAT and TREAT, and is covered by neither. `in` has no exceptions,
  so BTG is left without parents.
- coverage: "all sensitivities of the resource are kinds of those stated" asks for a quantifier over a
  hierarchy. A permit holds a set of all codes that it covers instead.
- roles: whether one of the authors is a PractitionerRole, whose person cannot be told, is a question about
  each element of a set. The resource brings the answer as an attribute.
- actions: a denial of use or disclosure forbids access as well, a permit of these permits no access; an
  action group holds for both effects alike, so the denial lists the actions.

Besides: "acts for", groups and linked identities belong to one request, while Cedar's entities are one graph
for all. So the principal is the session of one request, below the person, the groups and the organisation.

The request step asks whether some resource could be permitted. Cedar decides about given resources; its
partial evaluation answers only where no resource matters, and leaves residuals otherwise without searching
whether anything meets them.
"""
import json

OMISSIONS = ["unknown", "override", "break-glass", "break-glass-hierarchy", "coverage", "roles", "actions"]
NORMAL = 3
TRUE = "true"


def text(value):
    return json.dumps(value)


def texts(values):
    return "[" + ", ".join(text(value) for value in values) + "]"


def entity(kind, name):
    return f"{kind}::{text(name)}"


def reference(value):
    """The Cedar entity of a FHIR reference, such as `Organization::"1"`."""
    kind, _, name = value.partition("/")
    return entity(kind, name)


def either(expressions):
    return "(" + " || ".join(expressions) + ")" if expressions else "false"


def every(expressions):
    return " && ".join(expressions) or TRUE


class Translation:
    """Contracts of one patient and the policies of the custodian, as Cedar policies."""

    def __init__(self, contracts, policies, omitted=()):
        self.omitted = omitted
        self.contracts = [contract for contract in contracts if contract["isActive"]]
        self.policies = policies

    def policies_text(self):
        written = []
        for contract in self.contracts:
            written += self.contract(contract)
        written += self.implicit() + self.break_glass()
        return "\n".join(written)

    # Contracts

    def acting(self, contract):
        """The provisions that act: before finality and after revocation only denials do."""
        full = contract["standing"] == "full"
        return [full or provision["effect"] == "deny" for provision in contract["provisions"]]

    def contract(self, contract):
        acting = self.acting(contract)
        provisions = contract["provisions"]
        written = []
        permits = []
        for provision, acts in list(zip(provisions, acting))[1:]:
            if not acts:
                continue
            conditions = every(self.elements(contract, provision))
            if provision["effect"] == "permit":
                permits.append("(" + conditions + ")")
            written.append(self.policy(provision["effect"], conditions))
        if acting[0]:
            root = provisions[0]
            yields = root["effect"] == "deny" and "override" not in self.omitted
            written.append(
                self.policy(
                    root["effect"], every(self.elements(contract, root)),
                    either(permits) if yields else "false"))
        return written

    def policy(self, effect, when, unless="false"):
        word = "permit" if effect == "permit" else "forbid"
        suffix = "" if unless == "false" else f" unless {{ {unless} }}"
        return f"{word} (principal, action, resource) when {{ {when} }}{suffix};"

    def binding(self, contract):
        custodians = ", ".join(reference(custodian) for custodian in contract["custodians"])
        return [
            f"context.patient in {reference(contract['patient'])}",
            f"context.custodian in [{custodians}]",
        ]

    def elements(self, contract, provision):
        """One expression for each element that a provision states; all must hold."""
        permits = provision["effect"] == "permit"
        elements = self.binding(contract)
        if provision["actors"]:
            elements.append(f"principal in [{', '.join(map(reference, provision['actors']))}]")
        elements.append(self.purposes(provision["purposes"]))
        if provision["actions"]:
            elements.append(self.actions(provision["actions"], permits))
        elements += self.period(provision["period"])
        for condition in provision["conditions"]:
            key = text(f"{contract['id']} {condition}")
            known = f"context.conditions has {key}"
            elements.append(self.known(known, f"context.conditions[{key}]", permits))
        return elements + self.scope(provision, permits)

    def known(self, known, matches, permits):
        """An element that may not be told: it matches a denial then, and no permit."""
        if permits or "unknown" in self.omitted:
            return f"{known} && {matches}"
        return f"(!({known}) || {matches})"

    def purposes(self, purposes):
        if not purposes:
            return f"context.purpose != {entity('Purpose', 'BTG')}"
        named = ", ".join(entity("Purpose", purpose) for purpose in purposes)
        return f"context.purpose in [{named}]"

    def actions(self, actions, permits):
        actions = list(actions)
        forbids_access = not permits and ("use" in actions or "disclose" in actions)
        if forbids_access and "access" not in actions and "actions" not in self.omitted:
            actions.append("access")
        return "action in [" + ", ".join(entity("Action", action) for action in actions) + "]"

    def period(self, period):
        start, end = period or (None, None)
        within = [] if start is None else [f"context.now >= {start}"]
        return within if end is None else within + [f"context.now <= {end}"]

    # Resources

    def scope(self, provision, permits):
        elements = []
        if provision["dataPeriod"]:
            date = self.date(provision["dataPeriod"], permits)
            elements.append(self.known("resource has first", date, permits))
        if provision["classes"]:
            elements.append(f"{texts(provision['classes'])}.contains(resource.type)")
        if provision["data"]:
            elements.append(either([self.data(item, permits) for item in provision["data"]]))
        if provision["codes"]:
            found = f"resource.codes.containsAny({texts(provision['codes'])})"
            elements.append(found if permits else self.or_incomplete(found, "codes"))
        if provision["confidentialities"] or provision["sensitivities"]:
            elements.append(
                self.known("resource has confidentiality", self.labels(provision, permits), permits))
        return elements

    def or_incomplete(self, found, name):
        return found if "unknown" in self.omitted else f"({found} || !resource.{name}Complete)"

    def date(self, period, permits):
        """A permit needs the whole date inside, a denial any overlap."""
        start, end = period
        lower, upper = ("first", "last") if permits else ("last", "first")
        within = [] if start is None else [f"resource.{lower} >= {start}"]
        within += [] if end is None else [f"resource.{upper} <= {end}"]
        return "(" + every(within) + ")"

    def data(self, item, permits):
        named = item["reference"]
        spellings = texts([named, "urn:uuid:" + named.partition("/")[2]])
        itself = f"resource.reference == {text(named)}"
        if item["meaning"] == "instance":
            return itself
        if item["meaning"] == "related":
            found = f"({itself} || resource.related.containsAny({spellings}))"
            return found if permits else self.or_incomplete(found, "related")
        found = f"resource.authors.containsAny({spellings})"
        if permits:
            return found
        if not named.startswith("PractitionerRole/") and not {"roles", "unknown"} & set(self.omitted):
            found = f"({found} || resource.hasRoleAmongAuthors)"
        return self.or_incomplete(found, "authors")

    def labels(self, provision, permits):
        omits = "coverage" in self.omitted
        covered = texts(provision["sensitivities" if omits else "coveredSensitivities"])
        confidentialities = provision["confidentialities"]
        elements = []
        if permits:
            if confidentialities:
                elements.append(f"resource.confidentiality <= {max(confidentialities)}")
            if provision["sensitivities"]:
                elements.append("!resource.sensitivities.isEmpty()")
                elements.append(f"{covered}.containsAll(resource.sensitivities)")
            return "(" + every(elements) + ")"
        if confidentialities:
            elements.append(f"resource.confidentiality >= {min(confidentialities)}")
        if provision["sensitivities"]:
            elements.append(f"resource.sensitivities.containsAny({covered})")
        return either(elements)

    # Policies of the custodian

    def implicit(self):
        """What holds where no contract applies.

        A permit more does no harm where one applies: that permits as well, or it forbids.
        """
        name = self.policies["implicit"]
        normal = f"resource has confidentiality && resource.confidentiality <= {NORMAL}"
        if name == "allNormal":
            return [self.policy("permit", f"context.purpose != {entity('Purpose', 'BTG')} && {normal}")]
        if name == "basicNormal":
            treats = f"context.isPractitioner && context.purpose in {entity('Purpose', 'TREAT')}"
            return [self.policy("permit", f"{treats} && {normal}")]
        return []

    def break_glass(self):
        policy = self.policies["breakGlass"]
        if not policy or not policy["mayDeclare"]:
            return []
        when = [
            f"context.purpose == {entity('Purpose', 'BTG')}",
            f"principal in [{', '.join(map(reference, policy['mayDeclare']))}]",
        ]
        if policy["scopeMax"] is not None:
            when.append(f"resource has confidentiality && resource.confidentiality <= {policy['scopeMax']}")
        naming = []
        for contract in self.contracts:
            for provision, acts in zip(contract["provisions"], self.acting(contract)):
                if acts and "BTG" in provision["purposes"]:
                    in_force = self.binding(contract) + self.period(provision["period"])
                    naming.append("(" + every(in_force) + ")")
        unless = "false" if "break-glass" in self.omitted else either(naming)
        return [self.policy("permit", every(when), unless)]


class Graph:
    """The entities of one batch of requests."""

    def __init__(self):
        self.entities = {}

    def add(self, kind, name, parents=(), attributes=None):
        self.entities[(kind, name)] = {
            "uid": {"type": kind, "id": name}, "attrs": attributes or {},
            "parents": [{"type": parent[0], "id": parent[1]} for parent in parents],
        }
        return {"type": kind, "id": name}

    def chain(self, organisations):
        """An organisation below the next one; returns the parents of what belongs to the first."""
        names = [organisation.partition("/")[2] for organisation in organisations]
        for index, name in enumerate(names):
            self.add("Organization", name, [("Organization", above) for above in names[index + 1:index + 2]])
        return [("Organization", name) for name in names[:1]]

    def text(self):
        return json.dumps(list(self.entities.values()))


def split(value):
    kind, _, name = value.partition("/")
    return kind, name


def requests(case, number, graph, omitted=()):
    """The Cedar requests of one case, a list for each purpose: about each resource, and about none."""
    session = graph.add(
        "Session", str(number),
        [split(case["actor"])] + [split(group) for group in case["groups"]] + graph.chain(case["actingFor"]))
    subject = graph.add(
        "Subject", str(number), [split(patient) for patient in [case["patient"]] + case["linkedPatients"]])
    records = [
        record(resource, f"{number}/{index}", graph) for index, resource in enumerate(case["resources"])]
    graph.chain(case["custodian"])
    found = []
    for purpose in case["purposes"]:
        above = purpose["above"]
        if purpose["code"] == "BTG" and "break-glass-hierarchy" in omitted:
            above = ["ETREAT", "TREAT"]
        graph.add("Purpose", purpose["code"], [("Purpose", code) for code in above])

        def asked(custodian):
            return {
                "principal": session, "action": {"type": "Action", "id": case["action"]},
                "context": {
                    "patient": {"__entity": subject}, "now": case["now"], "conditions": case["conditions"],
                    "custodian": {"__entity": {"type": "Organization", "id": split(custodian[0])[1]}},
                    "purpose": {"__entity": {"type": "Purpose", "id": purpose["code"]}},
                    "isPractitioner": case["actor"].startswith("Practitioner/"),
                },
            }

        about = [dict(asked(resource["custodian"]), resource=uid)
                 for resource, uid in zip(case["resources"], records)]
        found.append((about, asked(case["custodian"])))
    return found


def record(resource, number, graph):
    graph.chain(resource["custodian"])
    attributes = {
        "type": resource["type"],
        "hasRoleAmongAuthors": any(
            author.startswith("PractitionerRole/") for author in resource["authors"]["elements"]),
    }
    for name in ["authors", "related", "codes"]:
        attributes[name] = resource[name]["elements"]
        attributes[name + "Complete"] = resource[name]["isComplete"]
    if resource["date"]:
        attributes["first"], attributes["last"] = resource["date"]
    if resource["confidentiality"] is not None:
        attributes["confidentiality"] = resource["confidentiality"]
    attributes["sensitivities"] = resource["sensitivities"]
    attributes["reference"] = f"{resource['type']}/{resource['id']}"
    # Generated resources share names and differ in their facts, hence a number as id.
    return graph.add("Record", str(number), [], attributes)
