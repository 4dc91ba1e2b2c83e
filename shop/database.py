"""What the database itself keeps beside the tables: read-only audit views, triggers that guard history, and triggers
that change the shelf's version with what list pages show.

The views are the same on SQLite and PostgreSQL (docs/audit-views.md): money in fen, weight in grams, days as dates,
moments as text by the clock of Shanghai, households by number and no other personal data. `migrate` and `flush` (see
management/commands) take views and triggers away before and put them back after: SQLite cannot remake a table under a
view, and empties a table row by row.
"""

from django.db import connection

VIEWS = {
    "audit_orders": """
        SELECT o.number AS order_no, s.channel, o.status, s.buyer_kind, s.city_code,
               s.goods_fen + s.freight_fen AS total_fen, s.paid_fen,
               s.refunded_goods_fen + s.refunded_freight_fen AS refunded_fen,
               {moment:o.date_placed} AS placed_at, s.received_on, b.status AS basket_state,
               s.goods_fen, s.freight_fen, s.refunded_goods_fen, s.paid_on, s.recognised_on
        FROM shop_sale s JOIN order_order o ON o.id = s.order_id LEFT JOIN basket_basket b ON b.id = o.basket_id""",
    "audit_lines": """
        SELECT l.line_id, o.number AS order_no, l.sku, p.code AS product, c.code AS cooperative, l.quantity,
               l.net_g AS grams, l.goods_fen AS line_fen, l.refunded_g AS refunded_grams, l.refunded_fen,
               l.untraced_g AS untraced_grams, l.untraced_fen, b.trace_code AS batch
        FROM shop_saleline l JOIN order_order o ON o.id = l.sale_id
        JOIN suppliers_produce p ON p.id = l.produce_id JOIN suppliers_cooperative c ON c.id = l.cooperative_id
        LEFT JOIN suppliers_batch b ON b.id = l.batch_id""",
    "audit_stock": """
        SELECT r.partner_sku AS sku, c.code AS cooperative, r.num_in_stock AS on_hand,
               COALESCE(r.num_allocated, 0) AS allocated
        FROM partner_stockrecord r JOIN suppliers_cooperative c ON c.partner_id = r.partner_id""",
    "audit_payments": """
        SELECT p.event_id, o.number AS order_no, p.kind, p.amount_fen,
               CASE WHEN p.applied THEN 1 ELSE 0 END AS applied, {moment:p.at} AS at
        FROM payments_payment p JOIN order_order o ON o.id = p.order_id""",
    "audit_refunds": """
        SELECT f.id AS refund_id, o.number AS order_no, rl.line_id, rl.g AS grams, rl.fen, f.refunded_on, f.counted_on
        FROM shop_refundline rl JOIN shop_refund f ON f.id = rl.refund_id JOIN order_order o ON o.id = f.sale_id""",
    "audit_shipments": """
        SELECT s.shipment_no, c.code AS cooperative, s.carrier_id AS carrier, s.waybill, s.destination_code,
               s.net_g AS net_grams, s.gross_g AS gross_grams, s.freight_fen, s.dispatched_on, s.received_on, s.state,
               v.vehicle_no
        FROM logistics_shipment s JOIN suppliers_cooperative c ON c.id = s.cooperative_id
        LEFT JOIN logistics_vehicle v ON v.id = s.vehicle_id""",
    "audit_lots": """
        SELECT l.lot_no, c.code AS cooperative, p.code AS product,
               CASE WHEN l.household_id IS NULL THEN 'other' ELSE 'household' END AS source, h.household_no,
               l.g AS grams, l.fen_per_kg, l.bought_on, {moment:l.entered_at} AS entered_at, l.verified_how,
               l.paid_on, l.paid_fen, l.withdrawn_g AS withdrawn_grams,
               COALESCE(l.household_sold_on, l.bought_on) AS household_sold_on, o.lot_no AS carried_from,
               b.trace_code AS batch, COALESCE(r.lot_no, l.lot_no) AS slip
        FROM suppliers_purchaselot l JOIN suppliers_produce p ON p.id = l.produce_id
        JOIN suppliers_cooperative c ON c.id = p.cooperative_id
        LEFT JOIN suppliers_household h ON h.id = l.household_id
        LEFT JOIN suppliers_purchaselot o ON o.id = l.carried_from_id LEFT JOIN suppliers_batch b ON b.id = l.batch_id
        LEFT JOIN suppliers_purchaselot r ON r.id = l.slip_id
        WHERE l.reversed_at IS NULL""",
    "audit_reversed_lots": """
        SELECT l.lot_no, c.code AS cooperative, p.code AS product, h.household_no, l.g AS grams, l.fen_per_kg,
               l.bought_on, {moment:l.entered_at} AS entered_at, {moment:l.reversed_at} AS reversed_at, l.reversed_why,
               n.lot_no AS corrected_by
        FROM suppliers_purchaselot l JOIN suppliers_produce p ON p.id = l.produce_id
        JOIN suppliers_cooperative c ON c.id = p.cooperative_id
        LEFT JOIN suppliers_household h ON h.id = l.household_id
        LEFT JOIN suppliers_purchaselot n ON n.corrects_id = l.id WHERE l.reversed_at IS NOT NULL""",
    "audit_disputes": """
        SELECT d.id AS dispute_id, l.lot_no, d.raised_by, d.about, {moment:d.opened_at} AS opened_at,
               {moment:d.closed_at} AS closed_at, d.outcome
        FROM suppliers_slipdispute d JOIN suppliers_purchaselot l ON l.id = d.lot_id""",
    "audit_withdrawals": """
        SELECT w.id AS withdrawal_id, l.lot_no, w.kind, w.g AS grams, w.withdrawn_on, {moment:w.made_at} AS made_at,
               w.reverses_id AS reverses, w.carry_on_id AS carry_id, w.fen_per_kg
        FROM suppliers_withdrawal w JOIN suppliers_purchaselot l ON l.id = w.lot_id""",
    "audit_carried": """
        SELECT k.id AS carry_id, c.code AS cooperative, p.code AS product, i.code AS into_cooperative,
               q.code AS into_product, k.in_g AS in_grams, k.out_g AS out_grams, k.carried_on,
               b.trace_code AS batch, h.fen_per_kg, {moment:k.made_at} AS made_at, k.reverses_id AS reverses
        FROM suppliers_carryon k JOIN suppliers_produce p ON p.id = k.produce_id
        JOIN suppliers_cooperative c ON c.id = p.cooperative_id JOIN suppliers_produce q ON q.id = k.into_id
        JOIN suppliers_cooperative i ON i.id = q.cooperative_id
        LEFT JOIN suppliers_handover h ON h.id = k.hand_over_id LEFT JOIN suppliers_batch b ON b.id = h.batch_id""",
    "audit_accounts": """
        SELECT s.id AS account_id, c.code AS cooperative, p.code AS product, s.starts_on, s.counted_on,
               s.book_g AS book_grams, s.counted_g AS counted_grams, s.explained, s.note, s.figures, s.sha256,
               {moment:s.signed_at} AS signed_at
        FROM suppliers_signedaccount s JOIN suppliers_produce p ON p.id = s.produce_id
        JOIN suppliers_cooperative c ON c.id = p.cooperative_id""",
    "audit_allocations": """
        SELECT a.id AS allocation_id, a.line_id, l.lot_no, a.g AS grams, a.sales_fen, {moment:a.made_at} AS made_at,
               a.reverses_id AS reverses
        FROM suppliers_saleallocation a JOIN suppliers_purchaselot l ON l.id = a.lot_id""",
    "audit_credits": """
        SELECT k.id AS credit_id, h.household_no, k.kind, k.amount_fen, k.credited_on, a.line_id,
               k.reverses_id AS reverses, k.allocation_id
        FROM suppliers_credit k JOIN suppliers_household h ON h.id = k.household_id
        LEFT JOIN suppliers_saleallocation a ON a.id = k.allocation_id""",
    "audit_statuses": """
        SELECT h.household_no, s.category, s.starts_on, s.ends_on
        FROM suppliers_householdstatus s JOIN suppliers_household h ON h.id = s.household_id
        WHERE s.approved_at IS NOT NULL""",
    "audit_mergers": """
        SELECT h.household_no, i.household_no AS counts_as, m.merged_on
        FROM suppliers_householdmerger m JOIN suppliers_household h ON h.id = m.household_id
        JOIN suppliers_household i ON i.id = m.into_id""",
    "audit_awards": """
        SELECT s.shipment_no, g.code AS programme, v.number AS version, a.rule, a.tier, a.assessed_fen, a.kept_fen,
               a.settled_fen, a.state
        FROM logistics_award a JOIN logistics_shipment s ON s.id = a.shipment_id
        JOIN logistics_subsidyprogramme g ON g.id = a.programme_id
        JOIN logistics_programmeversion v ON v.id = a.version_id""",
    "audit_programmes": """
        SELECT g.code AS programme, SUM(v.budget_fen) AS budget_fen, SUM(v.spent_fen) AS spent_fen
        FROM logistics_subsidyprogramme g JOIN logistics_programmeversion v ON v.programme_id = g.id GROUP BY g.code""",
    "audit_ledger": """
        SELECT e.id AS entry_id, g.code AS programme, e.settlement_id AS settlement, s.shipment_no, e.account,
               e.amount_fen, e.reverses_id AS reverses, {moment:e.at} AS at
        FROM logistics_ledgerentry e JOIN logistics_award a ON a.id = e.award_id
        JOIN logistics_shipment s ON s.id = a.shipment_id
        JOIN logistics_programmeversion v ON v.id = e.version_id
        JOIN logistics_subsidyprogramme g ON g.id = v.programme_id""",
}

ONLY_APPENDED_TO = (
    "suppliers_saleallocation",
    "suppliers_credit",
    "suppliers_householdmerger",
    "suppliers_withdrawal",
    "suppliers_applicationstep",
    "suppliers_cooperativestep",
    "suppliers_householdchange",
    "suppliers_reveal",
    "suppliers_disputestep",
    "suppliers_carryon",
    "suppliers_signedaccount",
    "logistics_ledgerentry",
    "shop_refundline",
    "shop_remittance",
    "listing_listingstep",
    "listing_pricechange",
    "listing_stockchange",
)
# Tables whose rows stay, and the columns that are never written again.
NEVER_REWRITTEN = {
    "suppliers_purchaselot": (
        "lot_no",
        "produce_id",
        "household_id",
        "g",
        "fen_per_kg",
        "bought_on",
        "entered_at",
        "carried_from_id",
        "household_sold_on",
        "carry_on_id",
        "slip_id",
    ),
    "suppliers_slipphoto": ("content",),
    "suppliers_slipdispute": ("lot_id", "raised_by", "about", "opened_at"),
    "suppliers_batch": ("produce_id", "trace_code", "packed_on", "made_at"),
    "suppliers_handover": ("batch_id", "taker_id", "g", "fen_per_kg", "handed_on", "offered_at"),
    "suppliers_paymentrun": ("run_no", "cooperative_id", "made_at", "made_by_id"),
    "suppliers_payment": ("run_id", "household_id", "fen"),
    "suppliers_paymentslip": ("payment_id", "lot_id", "fen"),
    "logistics_programmeversion": ("programme_id", "number", "starts_on", "ends_on", "terms", "budget_fen"),
    "aftersales_spoilageclaim": ("line_id", "asked_at", "spoiled_bp", "note"),
    "aftersales_noreasonreturn": ("line_id", "asked_at", "packs", "is_binding", "note"),
    "aftersales_review": ("line_id", "produce_id", "stars", "text", "made_at"),
}
# Rows of those that may be taken back after all, and when one may not: a slip counts for nothing while nobody has verified,
# paid or corrected it.
STAYS_WHEN = {
    "suppliers_purchaselot": "OLD.verified_at IS NOT NULL OR OLD.paid_on IS NOT NULL OR OLD.reversed_at IS NOT NULL"
    " OR OLD.corrects_id IS NOT NULL OR OLD.drawn_g > 0 OR OLD.withdrawn_g > 0"
}
# What a buyer wrote of himself: never rewritten, but emptied when the account was erased (docs/decisions/0015).
MAY_BE_EMPTIED = ("note",)
# Columns that are written once: what stands in them stays.
WRITTEN_ONCE = {
    "suppliers_purchaselot": ("batch_id", "corrects_id", "reversed_at"),
    "suppliers_handover": ("decided_at",),
    "shop_saleline": ("batch_id",),
}
# Tables of spells, the column whose rows' spells do not overlap, and which of the rows count ({row}: its name).
SPELLS_APART = {
    "suppliers_householdstatus": ("household_id", "{row}.approved_at IS NOT NULL"),
    "logistics_programmeversion": ("programme_id", "TRUE"),
}

# What lists and product pages show: of each table the part of the shelf's version that a change of it changes, and the columns whose
# update counts (none named: all). See docs/decisions/0012.
SHOWN_ON_LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "catalogue_category": ("goods", ()),
    "catalogue_product": ("goods", ()),
    "catalogue_productclass": ("goods", ()),
    "catalogue_productcategory": ("goods", ()),
    "catalogue_productimage": ("goods", ()),
    "suppliers_cooperative": ("goods", ()),
    "suppliers_pack": ("goods", ()),
    "suppliers_produce": ("goods", ()),
    "preorders_presale": ("goods", ()),
    "suppliers_township": ("goods", ()),
    "suppliers_village": ("goods", ()),
    "partner_stockrecord": ("stock", ()),
    # What was sold from a slip changes with every parcel; on lists only whose it is, of what and when counts.
    "suppliers_purchaselot": ("people", ("produce_id", "household_id", "bought_on", "verified_at", "reversed_at")),
    "suppliers_householdstatus": ("people", ()),
    "suppliers_householdmerger": ("people", ()),
    # On the page of a product: papers, and what buyers say.
    "suppliers_certificate": ("people", ()),
    "aftersales_review": ("people", ()),
    "aftersales_photo": ("people", ()),
    # On the home page: what has arrived and whom it reached, and the trucks that leave.
    "shop_sale": ("figures", ("recognised_on", "goods_fen", "refunded_goods_fen")),
    "suppliers_credit": ("figures", ()),
    "suppliers_supplydeclaration": ("figures", ()),
    "logistics_departure": ("figures", ()),
    "logistics_stop": ("figures", ()),
    "logistics_counter": ("figures", ()),
    "together_grouporder": ("figures", ("stop_id",)),
}
# As large a number as adds up without loss wherever it is summed, and never the same twice.
TOKEN = {"postgresql": "(random() * 9007199254740991)::bigint", "sqlite": "(random() & 9007199254740991)"}


def _view_sql(name: str) -> str:
    body = VIEWS[name]
    while "{moment:" in body:
        before, _, rest = body.partition("{moment:")
        column, _, after = rest.partition("}")
        if connection.vendor == "postgresql":
            text = f"to_char({column} AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS')"
        else:
            text = f"strftime('%Y-%m-%d %H:%M:%S', {column}, '+8 hours')"
        body = before + text + after
    return f"CREATE VIEW {name} AS {body}"


def _guards() -> list[tuple[str, str, str, str]]:
    """Each trigger as (name, table, when it fires, condition under which it refuses)."""
    guards = []
    for table in ONLY_APPENDED_TO:
        guards += [(f"{table}_kept", table, "UPDATE", "TRUE"), (f"{table}_stays", table, "DELETE", "TRUE")]
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    for table, columns in NEVER_REWRITTEN.items():
        cast = {"terms": "::text"} if connection.vendor == "postgresql" else {}
        unless = dict.fromkeys(MAY_BE_EMPTIED, " AND NEW.{} <> ''")
        changed = " OR ".join(
            f"OLD.{c}{cast.get(c, '')} {differs} NEW.{c}{cast.get(c, '')}{unless.get(c, '').format(c)}" for c in columns
        )
        stays = STAYS_WHEN.get(table, "TRUE")
        guards += [(f"{table}_kept", table, "UPDATE", changed), (f"{table}_stays", table, "DELETE", stays)]
    for table, columns in WRITTEN_ONCE.items():
        rewritten = " OR ".join(f"(OLD.{c} IS NOT NULL AND OLD.{c} {differs} NEW.{c})" for c in columns)
        guards.append((f"{table}_once", table, "UPDATE", rewritten))
    named_late = "OLD.dispatched_at IS NOT NULL AND OLD.batch_id IS NULL AND NEW.batch_id IS NOT NULL"
    guards.append(("shop_saleline_named_at_packing", "shop_saleline", "UPDATE", named_late))
    for table, (owner, counts) in SPELLS_APART.items():
        overlaps = (
            f"{counts.format(row='NEW')} AND EXISTS (SELECT 1 FROM {table} o WHERE o.{owner} = NEW.{owner} AND o.id <> COALESCE(NEW.id, -1)"
            f" AND {counts.format(row='o')}"
            " AND (NEW.ends_on IS NULL OR o.starts_on <= NEW.ends_on)"
            " AND (o.ends_on IS NULL OR o.ends_on >= NEW.starts_on))"
        )
        guards += [(f"{table}_apart_{e.lower()}", table, e, overlaps) for e in ("INSERT", "UPDATE")]
    return guards


def remove() -> None:
    """Take the views and triggers away, where there are any."""
    with connection.cursor() as cursor:
        for name in VIEWS:
            cursor.execute(f"DROP VIEW IF EXISTS {name}")
        tables = set(connection.introspection.table_names(cursor))
        for name, table, _event, _condition in _guards():
            if table in tables:
                on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")
        for table in tables.intersection(SHOWN_ON_LISTS):
            for name in _bells(table):
                on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


def install() -> None:
    """Put the views and triggers in place, as far as their tables are there."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if "shop_sale" not in tables or "logistics_ledgerentry" not in tables:
            return  # migrated to a point before our tables
        remove()
        for name in VIEWS:
            cursor.execute(_view_sql(name))
        for name, table, event, condition in _guards():
            if table not in tables:
                continue  # migrated to a point before it
            cursor.execute(_trigger_sql(name, table, event, condition))
        if "shop_shelfversion" in tables:
            _install_version(cursor)


def _install_version(cursor) -> None:
    """Have the shelf's version follow every change, and change it now: what happened without triggers counts too."""
    token = TOKEN[connection.vendor]
    for part in sorted({part for part, _columns in SHOWN_ON_LISTS.values()}):
        cursor.execute(
            f"INSERT INTO shop_shelfversion (part, slot, token) VALUES ('{part}', 0, {token})"
            " ON CONFLICT (part, slot) DO UPDATE SET token = excluded.token"
        )
    if connection.vendor == "postgresql":
        # A slot that no transaction holds: two that commit at once never wait for each other, so they cannot deadlock.
        cursor.execute(f"""
            CREATE OR REPLACE FUNCTION shelf_changed() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                free integer := 0;
            BEGIN
                WHILE NOT pg_try_advisory_xact_lock(hashtext('shop_shelfversion'), free) LOOP
                    free := free + 1;
                END LOOP;
                INSERT INTO shop_shelfversion (part, slot, token) VALUES (TG_ARGV[0], free, {token})
                ON CONFLICT (part, slot) DO UPDATE SET token = excluded.token;
                RETURN NULL;
            END $$""")
    for table in SHOWN_ON_LISTS:
        for name, event in _bells(table).items():
            cursor.execute(_bell_sql(name, table, event))


def _bells(table: str) -> dict[str, str]:
    """The triggers of `table` that change the version: the name of each, and when it fires."""
    columns = SHOWN_ON_LISTS[table][1]
    update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
    if connection.vendor == "postgresql":
        return {f"{table}_shown": f"INSERT OR {update} OR DELETE OR TRUNCATE"}
    return {f"{table}_shown_{event[:6].lower()}": event for event in ("INSERT", update, "DELETE")}


def _bell_sql(name: str, table: str, event: str) -> str:
    part = SHOWN_ON_LISTS[table][0]
    if connection.vendor == "postgresql":
        return f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION shelf_changed('{part}')"
    return (
        f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN"
        f" UPDATE shop_shelfversion SET token = {TOKEN['sqlite']} WHERE part = '{part}'; END"
    )


def _trigger_sql(name: str, table: str, event: str, condition: str) -> str:
    if connection.vendor != "postgresql":
        return (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition}"
            f" BEGIN SELECT RAISE(ABORT, '{name}: history is never edited'); END"
        )
    kept = "OLD" if event == "DELETE" else "NEW"
    return f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {condition} THEN
                RAISE EXCEPTION '{name}: history is never edited' USING ERRCODE = 'check_violation';
            END IF;
            RETURN {kept};
        END $$;
        CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"""
