from gateway.config import later
from gateway.config.model import SecuritySettings
from gateway.config.words import fields_of, words_of


def test_nothing_that_this_version_has_counts_as_later():
    for model, values in later.VALUES.items():
        for key, choices in values.items():
            assert choices.isdisjoint(words_of(fields_of(model)[key]).choices)


def test_a_value_that_is_no_text_is_not_later():
    for value in (None, 1, ["saml11"], {"saml11": 1}):
        assert not later.is_later_value(SecuritySettings, "token", value)
