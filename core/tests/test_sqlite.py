import sqlite3
import threading

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import JSONObject

from core.models import NumberSeries


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL's readers wait for nobody")
def test_a_page_that_reads_json_on_a_new_connection_does_not_wait_for_a_writer():
    NumberSeries.objects.create(name="invoice")
    read = []

    def read_json():
        rows = list(NumberSeries.objects.values_list(JSONObject(name=F("name")), flat=True))
        read.append(rows)
        connection.close()

    writer = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    reader = threading.Thread(target=read_json)
    reader.start()
    reader.join(timeout=5)
    waited = reader.is_alive()
    writer.execute("ROLLBACK")
    writer.close()
    reader.join()

    [rows] = read
    assert (rows, waited) == ([{"name": "invoice"}], False)
