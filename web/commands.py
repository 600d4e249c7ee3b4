"""Which command of app.py starts no server, and what runs it: see offline.py and explain.py."""

from contextlib import closing

from web import explain, offline


def run(options, settings, new_store, fill_with_demo, open_desk) -> int | None:
    """Run the command in `options`. Returns its exit status, None if the desk shall serve."""
    if options.verify or options.backup is not None:
        with closing(new_store(settings.db, read_only=True)) as store:
            return offline.verify(store) if options.verify else offline.backup(store, options.backup)
    if options.rebuild is not None:
        return offline.rebuild(new_store, settings.db, options.rebuild)
    if options.reset:
        return offline.reset(new_store, settings.db)
    if options.explain is None and (options.data is not None or options.header or options.caller):
        raise offline.Refused("--data, --header and --as belong to --explain 'POST /tickets'")
    if options.explain is not None:
        return explain.run(options, settings, new_store, fill_with_demo, open_desk)
    command = offline.user_command(options)
    return offline.change_user(new_store, settings, options, command) if command else None
