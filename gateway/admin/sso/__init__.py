"""Single sign-on to the console: SAML 2.0 web browser profile, by redirect or POST to the provider and back."""
