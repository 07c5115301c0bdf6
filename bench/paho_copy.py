"""The plain way, as anyone would write it: paho in, COPY out, acknowledged as soon as it is taken.

python -m bench.paho_copy BROKER_PORT DATABASE_URL
"""

import queue
import sys
from datetime import UTC, datetime

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion


def main() -> None:
    """Store `plant/<asset>/<point>` with the time of receipt until killed."""
    port, url = sys.argv[1:]
    waiting: queue.SimpleQueue[tuple[str, datetime, float]] = queue.SimpleQueue()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="paho-copy", clean_session=False)
    client.on_connect = lambda *_: client.subscribe("plant/+/+", qos=1)
    client.on_message = lambda _c, _u, message: waiting.put(
        (message.topic, datetime.now(UTC), float(message.payload))
    )
    client.connect("127.0.0.1", int(port))
    client.loop_start()
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT 'plant/' || replace(tag, '.', '/'), id FROM point")
        points = dict(found.fetchall())
        while True:
            rows = [waiting.get()]
            while not waiting.empty() and len(rows) < 5_000:
                rows.append(waiting.get())
            with connection.cursor().copy("COPY reading FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["int4", "timestamptz", "float8", "int2"])
                for topic, ts, value in rows:
                    copy.write_row((points[topic], ts, value, 0))
            connection.commit()


if __name__ == "__main__":
    main()
