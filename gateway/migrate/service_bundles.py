"""The bundles of a service: one of a provider, those with tpipes of a consumer."""

from dataclasses import dataclass

from gateway.config.words import nearest, shown
from gateway.migrate.bundles import BundleMaker
from gateway.migrate.entries import Entry
from gateway.migrate.findings import Findings
from gateway.migrate.service_draft import ServiceDraft
from gateway.migrate.values import Reader


@dataclass(frozen=True, slots=True)
class BundleNamer:
    """Puts `bundle` or `bundles` into correlators."""

    reader: Reader
    bundles: BundleMaker

    @property
    def _findings(self) -> Findings:
        return self.reader.findings

    def put(self, service: ServiceDraft, entries: list[Entry]) -> None:
        """Put the key that the role has; what cannot be is told, or sets the service aside."""
        if service.role == "provider":
            self._one(service, entries)
            return
        self._many(service, entries)
        self._host_ccsid(service, entries)
        self._answers_elsewhere(service, entries)

    def _one(self, service: ServiceDraft, entries: list[Entry]) -> None:
        named = {entry.text("bundle"): entry for entry in reversed(entries) if entry.has("bundle")}
        if not named and len(self.bundles.made) == 1:
            named = dict.fromkeys(self.bundles.made, entries[0])
            self._findings.change("names no bundle; there is one only", entries[0].place, service.draft.file)
        found = {text: self.bundles.find(text, entry.at("bundle")) for text, entry in named.items()}
        for text, bundle in found.items():
            if bundle is None:
                service.broken.append(f"{named[text].at('bundle')}: {self._no_bundle(text)}")
                service.draft.put(("bundle",), text)
        right = {one.name: (one, named[text]) for text, one in found.items() if one is not None}
        if len(right) > 1:
            names = ", ".join(sorted(right))
            service.broken.append(f"its operations go over several bundles ({names}); here it has one")
            service.draft.put(("bundle",), " or ".join(sorted(right)))
            return
        if not named:
            service.broken.append("it names no connection bundle")
        for bundle, entry in list(right.values())[:1]:
            service.bundles.append(bundle)
            service.draft.put(("bundle",), bundle.name, entry.at("bundle"))

    def _many(self, service: ServiceDraft, entries: list[Entry]) -> None:
        for entry in entries:
            for text in entry.texts("callout_bundles"):
                self._listen(service, entry, text)
        places = [entry.at("callout_bundles") for entry in entries if entry.has("callout_bundles")]
        service.draft.put(("bundles",), [one.name for one in service.bundles], *places)
        if not service.bundles:
            service.broken.append("no bundle of it has tpipes, so no program could reach it")

    def _listen(self, service: ServiceDraft, entry: Entry, text: str) -> None:
        at = entry.at("callout_bundles")
        bundle = self.bundles.find(text, at)
        if bundle is None:
            self._findings.contradict(self._no_bundle(text), at)
        elif not bundle.listens:
            told = f"callout service {service.name} without tpipes: bundle {bundle.name} has none"
            self._findings.contradict(told, at)
        elif bundle not in service.bundles:
            service.bundles.append(bundle)

    def _host_ccsid(self, service: ServiceDraft, entries: list[Entry]) -> None:
        """Put the code page of what programs send, which is a bundle's here."""
        for entry in entries:
            number = self.reader.number(entry, "host_ccsid")
            for bundle in service.bundles if number is not None else ():
                before = bundle.draft.get("callout", "host_ccsid")
                if before is None:
                    bundle.draft.put(("callout", "host_ccsid"), number, entry.at("host_ccsid"))
                elif before != number:
                    text = (
                        f"callouts over bundle {bundle.name} have CCSID {before} and {number}: {before} counts"
                    )
                    self._findings.contradict(text, entry.at("host_ccsid"))

    def _answers_elsewhere(self, service: ServiceDraft, entries: list[Entry]) -> None:
        """Tell where answers went over another bundle than the calls: here they go where the call came from."""
        for entry in entries:
            if not (entry.has("transaction") and entry.has("bundle")):
                continue
            other = self.bundles.find(entry.text("bundle"), entry.at("bundle"))
            if other is None or other not in service.bundles:
                named = shown(entry.text("bundle"))
                text = f"answers go back over the bundle that brought the call, not over {named}"
                self._findings.change(text, entry.at("bundle"), service.draft.file)

    def _no_bundle(self, text: str) -> str:
        near = nearest(text, self.bundles.made)
        hint = f" ({shown(near)}?)" if near else ""
        return f"there is no connection bundle {shown(text)}{hint}"
