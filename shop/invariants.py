"""What must hold over the books, each as one query that returns the rows that break it. Run by `manage.py verify_ledger`."""

import hashlib
from collections.abc import Iterator

from django.db import connection

# name: a query whose rows (what it is, what stands, what should stand) are the violations.
INVARIANTS = {
    "the grams drawn from a lot are the sum of its allocations": """
        SELECT l.lot_no, l.drawn_g, COALESCE(SUM(a.g), 0) FROM suppliers_purchaselot l
        LEFT JOIN suppliers_saleallocation a ON a.lot_id = l.id AND a.reverses_id IS NULL
        GROUP BY l.id, l.lot_no, l.drawn_g HAVING l.drawn_g <> COALESCE(SUM(a.g), 0)""",
    "the grams withdrawn from a lot are the sum of its withdrawals": """
        SELECT l.lot_no, l.withdrawn_g, COALESCE(SUM(w.g), 0) FROM suppliers_purchaselot l
        LEFT JOIN suppliers_withdrawal w ON w.lot_id = l.id
        GROUP BY l.id, l.lot_no, l.withdrawn_g HAVING l.withdrawn_g <> COALESCE(SUM(w.g), 0)""",
    "a payment to a household is the sum of its slips": """
        SELECT r.run_no, p.fen, COALESCE(SUM(s.fen), 0) FROM suppliers_payment p
        JOIN suppliers_paymentrun r ON r.id = p.run_id LEFT JOIN suppliers_paymentslip s ON s.payment_id = p.id
        GROUP BY p.id, r.run_no, p.fen HAVING p.fen <> COALESCE(SUM(s.fen), 0)""",
    "a slip of a payment is the household's, and paid when and as much as the payment says": """
        SELECT l.lot_no, s.fen, l.paid_fen FROM suppliers_paymentslip s
        JOIN suppliers_payment p ON p.id = s.payment_id JOIN suppliers_purchaselot l ON l.id = s.lot_id
        WHERE COALESCE(l.household_id, 0) <> p.household_id
        OR (p.state IN ('bank', 'cash') AND (COALESCE(l.paid_fen, -1) <> s.fen OR l.paid_on <> p.paid_on))""",
    "a slip is live in a run while it is to be paid or paid": """
        SELECT l.lot_no, CASE WHEN s.is_live THEN 1 ELSE 0 END, p.state FROM suppliers_paymentslip s
        JOIN suppliers_payment p ON p.id = s.payment_id JOIN suppliers_purchaselot l ON l.id = s.lot_id
        WHERE s.is_live <> (p.state IN ('waiting', 'bank', 'cash'))""",
    "a lot carried on is of the household of the lot it came from": """
        SELECT l.lot_no, l.household_id, o.household_id FROM suppliers_purchaselot l
        JOIN suppliers_purchaselot o ON o.id = l.carried_from_id
        WHERE COALESCE(l.household_id, 0) <> COALESCE(o.household_id, 0)
        OR l.household_sold_on <> COALESCE(o.household_sold_on, o.bought_on)""",
    "a lot carried on comes from the slip on which its household sold it, and is verified as that was": """
        SELECT l.lot_no, l.slip_id, COALESCE(o.slip_id, o.id) FROM suppliers_purchaselot l
        JOIN suppliers_purchaselot o ON o.id = l.carried_from_id JOIN suppliers_purchaselot r ON r.id = l.slip_id
        WHERE l.slip_id <> COALESCE(o.slip_id, o.id) OR l.verified_how <> r.verified_how
        OR l.verified_at IS NULL OR r.carried_from_id IS NOT NULL""",
    "what goods carried on took from lots is what went in": """
        SELECT k.id, k.in_g, COALESCE(SUM(w.g), 0) FROM suppliers_carryon k
        LEFT JOIN suppliers_withdrawal w ON w.carry_on_id = k.id
        GROUP BY k.id, k.in_g HAVING k.in_g <> COALESCE(SUM(w.g), 0)""",
    "the lots of goods carried on weigh what came out, and nothing once it was taken back": """
        SELECT k.id, k.out_g + COALESCE(MAX(b.out_g), 0), COALESCE(SUM(l.g), 0) FROM suppliers_carryon k
        LEFT JOIN suppliers_carryon b ON b.reverses_id = k.id
        LEFT JOIN suppliers_purchaselot l ON l.carry_on_id = k.id AND l.reversed_at IS NULL WHERE k.reverses_id IS NULL
        GROUP BY k.id, k.out_g HAVING k.out_g + COALESCE(MAX(b.out_g), 0) <> COALESCE(SUM(l.g), 0)""",
    "goods carried on are of the two kinds that it says": """
        SELECT k.id, k.into_id, l.produce_id FROM suppliers_carryon k
        JOIN suppliers_purchaselot l ON l.carry_on_id = k.id JOIN suppliers_purchaselot o ON o.id = l.carried_from_id
        WHERE l.produce_id <> k.into_id OR o.produce_id <> k.produce_id OR l.bought_on <> k.carried_on""",
    "a lot carried on is worth no more than its household got for what went in": """
        SELECT l.lot_no, l.g * l.fen_per_kg, w.g * o.fen_per_kg FROM suppliers_purchaselot l
        JOIN suppliers_purchaselot o ON o.id = l.carried_from_id
        JOIN suppliers_withdrawal w ON w.lot_id = o.id AND w.carry_on_id = l.carry_on_id
        WHERE l.g * l.fen_per_kg > w.g * o.fen_per_kg""",
    "what was handed over is on the taker's books, once it accepted and not before": """
        SELECT h.id, h.g, k.in_g FROM suppliers_handover h JOIN suppliers_batch b ON b.id = h.batch_id
        LEFT JOIN suppliers_carryon k ON k.hand_over_id = h.id LEFT JOIN suppliers_produce p ON p.id = k.into_id
        WHERE (h.state = 'accepted' AND (k.id IS NULL OR k.in_g <> h.g OR k.out_g <> h.g OR k.produce_id <> b.produce_id
        OR p.cooperative_id <> h.taker_id)) OR (h.state <> 'accepted' AND k.id IS NOT NULL)""",
    "goods become other goods of the same cooperative, but for a hand-over": """
        SELECT k.id, p.cooperative_id, q.cooperative_id FROM suppliers_carryon k
        JOIN suppliers_produce p ON p.id = k.produce_id JOIN suppliers_produce q ON q.id = k.into_id
        WHERE k.hand_over_id IS NULL AND k.reverses_id IS NULL AND p.cooperative_id <> q.cooperative_id""",
    "a reversal of a withdrawal is the whole of its original": """
        SELECT w.id, w.g, -o.g FROM suppliers_withdrawal w JOIN suppliers_withdrawal o ON o.id = w.reverses_id
        WHERE w.g <> -o.g OR w.lot_id <> o.lot_id OR w.kind <> o.kind OR o.reverses_id IS NOT NULL""",
    "nothing was withdrawn from a lot before it was bought": """
        SELECT w.id, l.lot_no, 0 FROM suppliers_withdrawal w JOIN suppliers_purchaselot l ON l.id = w.lot_id
        WHERE w.withdrawn_on < l.bought_on""",
    "a slip that corrects another stands for one that was taken back, of the same cooperative": """
        SELECT l.lot_no, o.lot_no, 0 FROM suppliers_purchaselot l JOIN suppliers_purchaselot o ON o.id = l.corrects_id
        JOIN suppliers_produce p ON p.id = l.produce_id JOIN suppliers_produce q ON q.id = o.produce_id
        WHERE o.reversed_at IS NULL OR p.cooperative_id <> q.cooperative_id""",
    "a batch is of one kind of goods": """
        SELECT b.trace_code, b.produce_id, l.produce_id FROM suppliers_batch b
        JOIN suppliers_purchaselot l ON l.batch_id = b.id WHERE l.produce_id <> b.produce_id""",
    "a line packed from a batch is drawn from the lots of the batch alone, and wholly": """
        SELECT s.line_id, s.batch_id, l.batch_id FROM shop_saleline s
        LEFT JOIN suppliers_saleallocation a ON a.line_id = s.line_id
        LEFT JOIN suppliers_purchaselot l ON l.id = a.lot_id
        WHERE s.batch_id IS NOT NULL
        AND (a.id IS NULL OR l.batch_id IS NULL OR l.batch_id <> s.batch_id OR s.untraced_g > 0)""",
    "what a dispatched line was drawn from and its untraced part sum to the line, in grams": """
        SELECT l.line_id, l.net_g - l.refunded_g - l.untraced_g, COALESCE(SUM(a.g), 0) FROM shop_saleline l
        LEFT JOIN suppliers_saleallocation a ON a.line_id = l.line_id WHERE l.dispatched_at IS NOT NULL
        GROUP BY l.line_id, l.net_g, l.refunded_g, l.untraced_g
        HAVING l.net_g - l.refunded_g - l.untraced_g <> COALESCE(SUM(a.g), 0)""",
    "what a dispatched line was drawn from and its untraced part sum to the line, in fen": """
        SELECT l.line_id, l.goods_fen - l.refunded_fen - l.untraced_fen, COALESCE(SUM(a.sales_fen), 0)
        FROM shop_saleline l LEFT JOIN suppliers_saleallocation a ON a.line_id = l.line_id
        WHERE l.dispatched_at IS NOT NULL GROUP BY l.line_id, l.goods_fen, l.refunded_fen, l.untraced_fen
        HAVING l.goods_fen - l.refunded_fen - l.untraced_fen <> COALESCE(SUM(a.sales_fen), 0)""",
    "only dispatched lines are drawn from lots": """
        SELECT l.line_id, COUNT(*), 0 FROM shop_saleline l JOIN suppliers_saleallocation a ON a.line_id = l.line_id
        WHERE l.dispatched_at IS NULL GROUP BY l.line_id""",
    "a lot sold from was bought by the day of dispatch, by the cooperative that sold": """
        SELECT a.id, l.produce_id, s.produce_id FROM suppliers_saleallocation a
        JOIN suppliers_purchaselot l ON l.id = a.lot_id JOIN shop_saleline s ON s.line_id = a.line_id
        JOIN logistics_shipmentline t ON t.line_id = a.line_id JOIN logistics_shipment p ON p.id = t.shipment_id
        WHERE l.produce_id <> s.produce_id OR l.bought_on > p.dispatched_on""",
    "no more of an allocation is reversed than it was": """
        SELECT a.id, a.g, SUM(r.g) FROM suppliers_saleallocation a JOIN suppliers_saleallocation r ON r.reverses_id = a.id
        GROUP BY a.id, a.g, a.sales_fen HAVING a.g + SUM(r.g) < 0 OR a.sales_fen + SUM(r.sales_fen) < 0""",
    "a recognised sale has credited every household it was drawn from": """
        SELECT a.id, 0, 1 FROM suppliers_saleallocation a JOIN suppliers_purchaselot l ON l.id = a.lot_id
        JOIN shop_saleline s ON s.line_id = a.line_id JOIN shop_sale x ON x.order_id = s.sale_id
        LEFT JOIN suppliers_credit c ON c.allocation_id = a.id
        WHERE l.household_id IS NOT NULL AND x.recognised_on IS NOT NULL AND c.id IS NULL""",
    "a sale that is not recognised has credited nobody": """
        SELECT c.id, 1, 0 FROM suppliers_credit c JOIN suppliers_saleallocation a ON a.id = c.allocation_id
        JOIN shop_saleline s ON s.line_id = a.line_id JOIN shop_sale x ON x.order_id = s.sale_id
        WHERE x.recognised_on IS NULL""",
    "a credit goes to the household of its lot": """
        SELECT c.id, c.household_id, l.household_id FROM suppliers_credit c
        JOIN suppliers_saleallocation a ON a.id = c.allocation_id JOIN suppliers_purchaselot l ON l.id = a.lot_id
        WHERE l.household_id IS NULL OR c.household_id <> l.household_id""",
    "a credit is the grams at the lot's price, half up": """
        SELECT c.id, c.amount_fen, (2 * a.g * l.fen_per_kg + 1000) / 2000 FROM suppliers_credit c
        JOIN suppliers_saleallocation a ON a.id = c.allocation_id JOIN suppliers_purchaselot l ON l.id = a.lot_id
        WHERE a.reverses_id IS NULL AND c.amount_fen <> (2 * a.g * l.fen_per_kg + 1000) / 2000""",
    "no more of a credit is reversed than it was, and all of it where all its grams are": """
        SELECT c.id, c.amount_fen, SUM(k.amount_fen) FROM suppliers_credit c
        JOIN suppliers_saleallocation a ON a.id = c.allocation_id
        JOIN suppliers_credit k ON k.reverses_id = c.id JOIN suppliers_saleallocation r ON r.id = k.allocation_id
        GROUP BY c.id, c.amount_fen, a.g
        HAVING c.amount_fen + SUM(k.amount_fen) < 0 OR (a.g + SUM(r.g) = 0 AND c.amount_fen + SUM(k.amount_fen) <> 0)""",
    "the lines of a sale sum to its goods": """
        SELECT s.order_id, s.goods_fen, COALESCE(SUM(l.goods_fen), 0) FROM shop_sale s
        LEFT JOIN shop_saleline l ON l.sale_id = s.order_id
        GROUP BY s.order_id, s.goods_fen HAVING s.goods_fen <> COALESCE(SUM(l.goods_fen), 0)""",
    "an order's total is its goods and its freight": """
        SELECT o.number, CAST(ROUND(o.total_incl_tax * 100) AS BIGINT), s.goods_fen + s.freight_fen FROM shop_sale s
        JOIN order_order o ON o.id = s.order_id
        WHERE CAST(ROUND(o.total_incl_tax * 100) AS BIGINT) <> s.goods_fen + s.freight_fen""",
    "what was refunded of a line is the sum of its refunds": """
        SELECT l.line_id, l.refunded_fen, COALESCE(SUM(r.fen), 0) FROM shop_saleline l
        LEFT JOIN shop_refundline r ON r.line_id = l.line_id GROUP BY l.line_id, l.refunded_fen, l.refunded_g
        HAVING l.refunded_fen <> COALESCE(SUM(r.fen), 0) OR l.refunded_g <> COALESCE(SUM(r.g), 0)""",
    "the lines of a refund sum to it": """
        SELECT f.id, f.goods_fen, COALESCE(SUM(r.fen), 0) FROM shop_refund f
        LEFT JOIN shop_refundline r ON r.refund_id = f.id
        GROUP BY f.id, f.goods_fen HAVING f.goods_fen <> COALESCE(SUM(r.fen), 0)""",
    "what was refunded of a sale is the sum of its refunds": """
        SELECT s.order_id, s.refunded_goods_fen + s.refunded_freight_fen, COALESCE(SUM(f.goods_fen + f.freight_fen), 0)
        FROM shop_sale s LEFT JOIN shop_refund f ON f.sale_id = s.order_id
        GROUP BY s.order_id, s.refunded_goods_fen, s.refunded_freight_fen
        HAVING s.refunded_goods_fen + s.refunded_freight_fen <> COALESCE(SUM(f.goods_fen + f.freight_fen), 0)""",
    "what an order was paid is the sum of the payments applied to it": """
        SELECT s.order_id, s.paid_fen, COALESCE(SUM(p.amount_fen), 0) FROM shop_sale s
        LEFT JOIN payments_payment p ON p.order_id = s.order_id AND p.applied AND p.kind = 'paid'
        GROUP BY s.order_id, s.paid_fen HAVING s.paid_fen <> COALESCE(SUM(p.amount_fen), 0)""",
    "what an order was given back is the sum of the refunds paid": """
        SELECT s.order_id, s.refunded_goods_fen + s.refunded_freight_fen, COALESCE(SUM(p.amount_fen), 0)
        FROM shop_sale s LEFT JOIN payments_payment p ON p.order_id = s.order_id AND p.applied AND p.kind = 'refunded'
        GROUP BY s.order_id, s.refunded_goods_fen, s.refunded_freight_fen
        HAVING s.refunded_goods_fen + s.refunded_freight_fen <> COALESCE(SUM(p.amount_fen), 0)""",
    "a refunded weight of a shipment is what was refunded of its lines": """
        SELECT t.shipment_id, MAX(s.refunded_g), SUM(t.net_g) - SUM(l.net_g - l.refunded_g) FROM logistics_shipmentline t
        JOIN logistics_shipment s ON s.id = t.shipment_id JOIN shop_saleline l ON l.line_id = t.line_id
        GROUP BY t.shipment_id HAVING MAX(s.refunded_g) <> SUM(t.net_g) - SUM(l.net_g - l.refunded_g)""",
    "the lines of a shipment sum to its weight": """
        SELECT s.shipment_no, s.net_g, COALESCE(SUM(t.net_g), 0) FROM logistics_shipment s
        LEFT JOIN logistics_shipmentline t ON t.shipment_id = s.id
        GROUP BY s.id, s.shipment_no, s.net_g HAVING s.net_g <> COALESCE(SUM(t.net_g), 0)""",
    "an award after refunds is its first amount by the grams kept, half up": """
        SELECT s.shipment_no, a.kept_fen, (2 * a.assessed_fen * (s.net_g - s.refunded_g) + s.net_g) / (2 * s.net_g)
        FROM logistics_award a JOIN logistics_shipment s ON s.id = a.shipment_id
        WHERE a.state <> 'frozen'
        AND a.kept_fen <> (2 * a.assessed_fen * (s.net_g - s.refunded_g) + s.net_g) / (2 * s.net_g)""",
    "what an award was paid is the sum of its ledger entries": """
        SELECT a.id, a.settled_fen, COALESCE(SUM(e.amount_fen), 0) FROM logistics_award a
        LEFT JOIN logistics_ledgerentry e ON e.award_id = a.id
        GROUP BY a.id, a.settled_fen HAVING a.settled_fen <> COALESCE(SUM(e.amount_fen), 0)""",
    "what a version has spent is the sum of its ledger entries": """
        SELECT v.id, v.spent_fen, COALESCE(SUM(e.amount_fen), 0) FROM logistics_programmeversion v
        LEFT JOIN logistics_ledgerentry e ON e.version_id = v.id
        GROUP BY v.id, v.spent_fen HAVING v.spent_fen <> COALESCE(SUM(e.amount_fen), 0)""",
    "what an envelope has spent is the sum of its settlement's ledger entries": """
        SELECT n.id, n.spent_fen, COALESCE(SUM(e.amount_fen), 0) FROM logistics_envelope n
        LEFT JOIN logistics_settlement s ON s.envelope_id = n.id LEFT JOIN logistics_ledgerentry e ON e.settlement_id = s.id
        GROUP BY n.id, n.spent_fen HAVING n.spent_fen <> COALESCE(SUM(e.amount_fen), 0)""",
    "what a settlement paid an award stands in the ledger": """
        SELECT i.id, i.paid_fen, COALESCE(SUM(e.amount_fen), 0) FROM logistics_settlementitem i
        LEFT JOIN logistics_ledgerentry e
        ON e.settlement_id = i.settlement_id AND e.award_id = i.award_id AND e.account = 'paid'
        GROUP BY i.id, i.paid_fen HAVING COALESCE(i.paid_fen, 0) <> COALESCE(SUM(e.amount_fen), 0)""",
    "a clawback takes no more than was paid": """
        SELECT e.id, e.amount_fen, SUM(r.amount_fen) FROM logistics_ledgerentry e
        JOIN logistics_ledgerentry r ON r.reverses_id = e.id
        GROUP BY e.id, e.amount_fen HAVING e.amount_fen + SUM(r.amount_fen) < 0""",
    "a spoilage claim that was paid has its refund, of its line alone": """
        SELECT c.id, c.line_id, MAX(r.line_id) FROM aftersales_spoilageclaim c JOIN shop_refund f ON f.id = c.refund_id
        LEFT JOIN shop_refundline r ON r.refund_id = f.id GROUP BY c.id, c.line_id, f.key
        HAVING COUNT(r.id) <> 1 OR MAX(r.line_id) <> c.line_id OR f.key <> 'spoilage-' || c.id""",
    "a no-reason return that was paid has its refund, of its line alone": """
        SELECT c.id, c.line_id, MAX(r.line_id) FROM aftersales_noreasonreturn c JOIN shop_refund f ON f.id = c.refund_id
        LEFT JOIN shop_refundline r ON r.refund_id = f.id GROUP BY c.id, c.line_id, f.key
        HAVING COUNT(r.id) <> 1 OR MAX(r.line_id) <> c.line_id OR f.key <> 'return-' || c.id""",
    "a refund for what was claimed or sent back belongs to a claim or a return": """
        SELECT f.id, 0, 1 FROM shop_refund f LEFT JOIN aftersales_spoilageclaim c ON c.refund_id = f.id
        LEFT JOIN aftersales_noreasonreturn n ON n.refund_id = f.id
        WHERE (f.key LIKE 'spoilage-%' AND c.id IS NULL) OR (f.key LIKE 'return-%' AND n.id IS NULL)""",
    "no more packs of a line came back than were sold": """
        SELECT l.line_id, l.quantity, SUM(n.packs) FROM aftersales_noreasonreturn n
        JOIN shop_saleline l ON l.line_id = n.line_id WHERE n.state = 'paid'
        GROUP BY l.line_id, l.quantity HAVING SUM(n.packs) > l.quantity""",
    "the stock held for orders is what their lines hold": """
        SELECT r.id, COALESCE(r.num_allocated, 0), COALESCE(SUM(l.num_allocated), 0) FROM partner_stockrecord r
        LEFT JOIN order_line l ON l.stockrecord_id = r.id
        GROUP BY r.id, r.num_allocated HAVING COALESCE(r.num_allocated, 0) <> COALESCE(SUM(l.num_allocated), 0)""",
    "what is booked on a direct truck is the gross weight of the live orders that ride on it": """
        SELECT d.departure_no, d.booked_g, COALESCE(SUM(x.gross_g), 0) FROM logistics_departure d
        LEFT JOIN (SELECT t.departure_id, l.gross_g FROM logistics_stop t JOIN shop_sale s ON s.stop_id = t.id
        JOIN shop_saleline l ON l.sale_id = s.order_id JOIN order_order o ON o.id = s.order_id
        WHERE o.status <> 'cancelled' AND (l.dispatched_at IS NOT NULL OR l.refunded_g < l.net_g)) x
        ON x.departure_id = d.id
        GROUP BY d.id, d.departure_no, d.booked_g HAVING d.booked_g <> COALESCE(SUM(x.gross_g), 0)""",
    "an order in a group order rides to the stop of the group order": """
        SELECT p.sale_id, s.stop_id, g.stop_id FROM together_participation p JOIN shop_sale s ON s.order_id = p.sale_id
        JOIN together_grouporder g ON g.id = p.group_id WHERE s.stop_id IS NULL OR s.stop_id <> g.stop_id""",
    "nothing is to ship of a group order that has still to come about": """
        SELECT c.consignment_no, g.state FROM logistics_consignment c
        JOIN together_participation p ON p.sale_id = c.order_id JOIN together_grouporder g ON g.id = p.group_id
        WHERE c.state = 'to_ship' AND g.state IN ('open', 'closed', 'short')""",
    "no more stock is held than there is": """
        SELECT r.id, r.num_in_stock, r.num_allocated FROM partner_stockrecord r
        WHERE COALESCE(r.num_allocated, 0) > COALESCE(r.num_in_stock, 0)""",
}


def violations() -> Iterator[tuple[str, list[tuple]]]:
    """Each invariant that does not hold, with up to ten of the rows that break it."""
    with connection.cursor() as cursor:
        for name, query in INVARIANTS.items():
            cursor.execute(query)
            if rows := cursor.fetchmany(10):
                yield name, rows
        # Not every database can make this sum by itself.
        cursor.execute("SELECT id, sha256, figures FROM suppliers_signedaccount")
        hashes = (
            (pk, sha256, hashlib.sha256(figures.encode()).hexdigest()) for pk, sha256, figures in cursor.fetchall()
        )
        if rows := [row for row in hashes if row[1] != row[2]][:10]:
            yield "a signed account is what was signed", rows
