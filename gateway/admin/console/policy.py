"""What a service asks of its callers, in sentences: the words that the commands use too."""

from gateway.manage.policy_words import Sentence, headline, of_consumer, of_provider

__all__ = ["Sentence", "headline", "of_consumer", "of_provider"]
