"""Changes to a home, whole or not at all: services and bundles, with the comments of their files kept.

| module | functions |
| --- | --- |
| `installation` | `Installation(home, state, environ, activate)`: what every change is made to |
| `services` | `start`, `stop`, `undeploy` |
| `sources`, `fetched_sources` | `from_path`, `from_upload`; `from_url`: the files of a contract |
| `deploy` | `deploy(installation, gathered, wanted, dry_run=...)` |
| `bundles` | `create`, `change`, `delete` |
| `recycle` | `recycle(installation, bundle)`: the pools of the running gateway are made anew |
| `probe` | `probe(name, bundle, guard)`: connects, pings, signs on, address by address |
| `views` | `service_views`, `bundle_views`: of a snapshot |
| `reading` | `read`, `running`: of the files, however much of them is wrong; of the processes |
| `policy_words` | `policy_in_words` |

All raise `results.ManageError` and return frozen results. Nothing of them shows a secret.
"""
