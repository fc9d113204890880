"""From an installation of IBM's IMS SOAP Gateway to a home, and a report of what could not be carried over."""
