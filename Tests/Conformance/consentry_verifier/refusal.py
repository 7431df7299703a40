"""How this verifier says no."""


class Invalid(Exception):
    """Something does not hold; `part` names what, the sentence says how."""

    def __init__(self, part, sentence):
        super().__init__(f"{part} is not valid: {sentence}")
        self.part = part
        self.sentence = sentence


def require(condition, part, sentence):
    if not condition:
        raise Invalid(part, sentence)
