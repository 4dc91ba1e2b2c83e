#!/usr/bin/env python3
"""Reference: demo_data.json -> synthetic inputs -> figures near the article's (600多万元, 1400余户).
Pure stdlib, deterministic. Money = integer fen, weight = integer grams. An independent oracle for the project's engine: it computes
the figures its own way. Not project code, and not a model of how project code reads.
  python3 half_year.py [small]               prints the figures
  python3 half_year.py [small] --inputs F    also writes the inputs (households, lots, orders with refunds, freight, vehicles) to F as JSON
  … --seed N            another half-year of the same plan, whose figures nobody has printed
  … --envelope-fen N    settles under another half-year budget"""
import json, random, sys
from pathlib import Path
from collections import defaultdict, OrderedDict
from datetime import date, timedelta
from decimal import Decimal as D, ROUND_HALF_UP, ROUND_DOWN
S = json.load(open(Path(__file__).with_name('demo_data.json'), encoding='utf-8'))
arg = lambda name, default: int(sys.argv[sys.argv.index(name)+1]) if name in sys.argv else default
G = S['generator']; seed = arg('--seed', G['seed']); SMALL = 'small' in sys.argv; SC = D(G['small']['scale']) if SMALL else D(1)
prod = {p['code']: p for p in S['products']}
sku = {s['sku']: (p, s) for p in S['products'] for s in p['skus']}
coops = {c['code']: c for c in S['cooperatives']}
def hu(x): return int(D(x).to_integral_value(ROUND_HALF_UP))
P0 = date.fromisoformat(G['period'][0]); P1 = date.fromisoformat(G['period'][1])
def rng(*k):                      # independent stream per purpose: adding one does not disturb the others
    return random.Random(f"{seed}:" + ":".join(map(str, k)))
def split(total, weights):        # largest remainder, ties by index -> sums exactly
    W = sum(weights); base = [total*w//W for w in weights]; rem = total-sum(base)
    order = sorted(range(len(weights)), key=lambda i: (-((total*weights[i]) % W), i))
    for i in order[:rem]: base[i] += 1
    return base
# 1 sales lines ------------------------------------------------------------------
lines = []                        # dict(order,sku,coop,channel,date,units,goods_fen,net_g,refund_fen,refund_g,city,freight_fen,...)
oid = 0
def month_day(r, m): 
    last = (date(P0.year + (m == 12), m % 12 + 1, 1) - timedelta(1)).day
    return date(P0.year, m, r.randint(1, last))
cities = [c for c in S['shandong_cities']]; cw = [c['weight'] for c in cities]
for plan in G['plan']:
    p, s = sku[plan['sku']]; sup = p['coops']
    for mi, units in enumerate(plan['units'], start=P0.month):
        units = hu(D(units)*SC)
        if not units: continue
        chans = plan['channels']; parts = split(units, list(chans.values()))
        for ch, u in zip(chans, parts):
            r = rng('ord', plan['sku'], mi, ch); spec = G['channels'][ch]; left = u
            while left > 0:
                lo, hi = spec['units_per_order'] if not s['per_kg'] else spec['kg_per_order']
                q = min(left, r.randint(lo, hi))
                if left - q < lo: q = left
                left -= q; oid += 1
                city = r.choices(cities, cw)[0]
                lines.append(dict(order=oid, sku=plan['sku'], prod=p['code'], coop=sup[r.randrange(len(sup))], ch=ch,
                    d=month_day(r, mi), units=q, fen=q*s['price_fen'], g=q*s['net_g'], city=city['code'], km=city['km'],
                    rf=0, rg=0, gross=q*s["gross_g"], cold=p['cold_chain'], kg_sku=s['per_kg']))
# 1b vehicles: a bulk order fills its own; group and counter orders ride the direct trucks, which leave for each city on the 10th, the 20th and the
#    last of the month, one dry and one refrigerated; the day of departure is the day of dispatch and of receipt -------------------------------------
for l in lines:
    if l['ch'] in ('group', 'counter'):
        last = (date(l['d'].year + l['d'].month//12, l['d'].month%12 + 1, 1) - timedelta(1)).day
        l['d'] = l['d'].replace(day=10 if l['d'].day <= 10 else 20 if l['d'].day <= 20 else last)
        l['vehicle'] = f"{l['d']}/{l['city']}/{'cold' if l['cold'] else 'dry'}"
    elif l['ch'] == 'bulk': l['vehicle'] = f"bulk/{l['order']}"
    else: l['vehicle'] = None                          # a parcel
# 2 refunds ----------------------------------------------------------------------
for l in lines:
    r = rng('ref', l['order']); x = r.random()
    if x < G['refunds']['full_rate'][l['ch']]: l['rf'], l['rg'] = l['fen'], l['g']
    elif x < G['refunds']['full_rate'][l['ch']] + G['refunds']['partial_rate'][l['ch']]:
        bp = r.randint(*G['refunds']['partial_bp']); l['rf'] = l['fen']*bp//10000; l['rg'] = l['g']*bp//10000
# 3 households -------------------------------------------------------------------
need = defaultdict(int)                                # (coop, product) -> net grams sold
for l in lines: need[l['coop'], l['prod']] += l['g']
hh = []                                                # (no, coop) -> products
H = len(S['households']['rows']) if SMALL else G['households_registered']; cs = sorted(coops)
val = {c: sum(l['fen'] for l in lines if l['coop'] == c) for c in cs}
nper = split(H, [max(1, coops[c]['member_weight']) for c in cs])
if SMALL: nper = [sum(1 for x in S['households']['rows'] if x[7] == c) for c in cs]
members = defaultdict(list); size = {}; home = {}; category = {}; head = {}; n = 0
rows = {c: [x for x in S['households']['rows'] if x[7] == c] for c in cs}
for c, k in zip(cs, nper):
    pr = sorted(q for (cc, q) in need if cc == c)
    for j in range(k):
        n += 1; row = rows[c][j] if SMALL else None
        no = row[0] if SMALL else f"WX{n:06d}"; r = rng('hh', no)
        drawn = r.choices([1,2,3,4,5,6,7], [8,17,20,26,17,9,3])[0]
        mine = [pr[r.randrange(len(pr))]] if pr else []
        if len(pr) > 1 and r.random() < G['second_product_rate']:
            mine.append(r.choice([q for q in pr if q != mine[0]]))
        size[no] = row[5] if SMALL else drawn; home[no] = c
        category[no] = row[6] if SMALL else r.choices(['脱贫户', '脱贫不稳定户', '突发严重困难户'], [88, 6, 6])[0]
        head[no] = r.choice(G['surnames']) + r.choice(['', '大', '世', '德', '永', '光']) + r.choice('珍成玉福芳英平才秀友学明贵华国')     # invented
        for q in mine: members[c, q].append(no)
# a few households deliver to two cooperatives (dedup test)
allno = sorted(size); r = rng('cross')
keys = sorted(need)
for no in r.sample(allno, (G['small'] if SMALL else G)['cross_coop_households']):
    k = keys[r.randrange(len(keys))]
    if no not in members[k]: members[k].append(no)
# 4 purchase ledger lots -----------------------------------------------------------
grams = {}; lots = defaultdict(list)                               # (coop,prod) -> [date, hh|None, g, unit price fen/kg]
for k in keys:
    total = need[k]*G['ledger_surplus_bp']//10000
    bp = G['household_supply_bp'].get(prod[k[1]]['category'], G['household_supply_bp']['default'])
    hg = total*bp//10000; og = total-hg
    mem = members[k]
    if not mem: og, hg = total, 0
    r = rng('lots', *k)
    first = min(l['d'] for l in lines if (l['coop'], l['prod']) == k); last = max(l['d'] for l in lines if (l['coop'], l['prod']) == k)
    span = max(1, (last-first).days)
    ent = []
    if mem:
        w = [r.randint(40, 160) for _ in mem]
        for no, g in zip(mem, split(hg, w)):
            for part in split(g, [1]*r.choice([1,1,2,3])):
                ent.append((first - timedelta(14) + timedelta(r.randint(0, span)), no, part))
    for part in split(og, [1]*max(1, len(ent)//6 or 4)):
        ent.append((first - timedelta(14) + timedelta(r.randint(0, span)), None, part))
    ent.sort(key=lambda e: (e[0], e[1] or '', e[2])); lots[k] = [list(e) for e in ent]; grams[k] = [e[2] for e in ent]
# 5 FIFO allocation of every dispatched gram (order by line date, order no); a refund, paid the same day, reverses pro rata -------
benefit = defaultdict(lambda: [0, 0, 0]); month_net = defaultdict(int); by_ch = defaultdict(lambda: defaultdict(int)); by_coop = defaultdict(lambda: defaultdict(int))
alloc = 0; sales_hh = 0; tot_purchase = 0; untraced = 0; UNTRACED = object()
ptr = defaultdict(int); used = {}
for l in sorted(lines, key=lambda l: (l['d'], l['order'])):
    k = (l['coop'], l['prod']); want = l['g']; parts = []; price = prod[l['prod']]['purchase_fen_per_kg']
    while want > 0:
        i = ptr[k]
        if i == len(lots[k]): parts.append((UNTRACED, want)); break                    # no lot left: 未溯源
        e = lots[k][i]
        if (k, i) in used and (l['d'] - used[k, i]).days + 4 > prod[l['prod']]['shelf_life_days']: ptr[k] += 1; continue     # past its shelf life
        used.setdefault((k, i), l['d']); take = min(want, e[2]); e[2] -= take; want -= take; parts.append((e[1], take))
        if e[2] == 0: ptr[k] += 1
    l['hh_g'] = sum(t for no, t in parts if no and no is not UNTRACED); l['bp'] = l['hh_g']*10000//l['g']      # the share stays as at dispatch
    w = [t for _, t in parts]
    back_g = split(l['rg'], w) if l['rg'] else [0]*len(w)
    back_f = split(l['rf'], w) if l['rf'] else [0]*len(w)
    for (no, t), f, rg, rf in zip(parts, split(l['fen'], w), back_g, back_f):
        if no is UNTRACED: untraced += f-rf; continue
        alloc += 1
        if not no: continue
        credit = hu(D(t)/1000*price); back = credit if rg == t else hu(D(rg)/1000*price)  # 带动记录 and its reversal
        b = benefit[no]; b[0] += f-rf; b[1] += credit-back; b[2] += t-rg; sales_hh += f-rf; tot_purchase += credit-back
        month_net[no, l['d'].month] += credit-back; by_ch[l['ch']][no] += credit-back; by_coop[l['coop']][no] += credit-back
benefit = {no: b for no, b in benefit.items() if b[1] > 0}
by_month = defaultdict(set); firstm = {}
for (no, m), v in sorted(month_net.items(), key=lambda x: x[0][1]):
    if v > 0: by_month[m].add(no); firstm.setdefault(no, m)
by_ch = {c: {n for n, v in d.items() if v > 0} for c, d in by_ch.items()}; by_coop = {c: {n for n, v in d.items() if v > 0} for c, d in by_coop.items()}
for (k, i), d in used.items(): lots[k][i][0] = d - timedelta(4)   # a lot is bought 4 days before its first sale => never after shipment
for k in lots:                                          # surplus lots are bought last, so first in first out by (date, id) draws the same lots
    for i, e in enumerate(lots[k]):
        if (k, i) not in used: e[0] = P1
# 6 subsidy (policy in demo_data.json) ----------------------------------------------
F = {'A': D('1.30'), 'B': D('1.15'), 'C': D('1.00'), 'D': D('0.50')}
def tier(bp): return 'A' if bp >= 6000 else 'B' if bp >= 3000 else 'C' if bp >= 1000 else 'D' if bp > 0 else None    # no household, no subsidy
# whose share: on a vehicle, the cooperative's goods aboard; for parcels, the cooperative's parcels of that product in that month
pool = lambda l: (l['vehicle'], l['coop']) if l['vehicle'] else (l['coop'], l['prod'], l['d'].month)
pool_g = defaultdict(int); pool_hh = defaultdict(int); vehicle_g = defaultdict(int)
for l in lines:
    pool_g[pool(l)] += l['g']; pool_hh[pool(l)] += l['hh_g']
    if l['vehicle']: vehicle_g[l['vehicle']] += l['g']
def share(l): return pool_hh[pool(l)]*10000//pool_g[pool(l)]
def freight(l):
    if l['kg_sku']: return hu(D(l['gross'])/1_000_000*l['km']*(D(72) if l['cold'] else D(57)))   # 0.72 / 0.57 yuan per t-km
    billed = -(-l['gross']//1000)
    if l['ch'] == 'retail': return 460+128*max(0, billed-1)
    return hu(D(l['gross'])/1_000_000*l['km']*D(70))
sub = defaultdict(int); cnt = defaultdict(int); tiers = defaultdict(int)
def assess(l, t):                 # -> (rule, fen): the best of the rules that apply, before thresholds over several shipments
    if t is None: return (None, 0)
    fr = freight(l); cap = int((D(fr)*D('0.5')).to_integral_value(ROUND_DOWN)); best = (None, 0)
    def offer(rule, base, most):
        nonlocal best
        a = min(hu(base*F[t]), cap, most)
        if a > best[1]: best = (rule, a)
    if not l['vehicle'] and l['gross'] <= 20000:
        billed = -(-l['gross']//1000)*1000
        offer('parcel', D(200 if billed <= 3000 else 280 if billed <= 5000 else 400 if billed <= 10000 else 650), 5000)
    if l['vehicle'] and vehicle_g[l['vehicle']] >= 3_000_000:              # the vehicle's net weight sets the rate, a consignment earns by its own tonnes
        v = vehicle_g[l['vehicle']]
        offer('bulk', D(l['g'])/1_000_000*l['km']*(16 if v < 10_000_000 else 20 if v < 20_000_000 else 22), 500000)
    if l['vehicle'] and l['cold']: offer('cold', D(fr)*D('0.30'), 800000)     # refrigerated vehicles keep a temperature log
    return best
def kept(l, fen): return hu(D(fen)*(l['g']-l['rg'])/l['g']) if l['rg'] else fen
per_vehicle = defaultdict(int)
for l in lines:
    if l['g'] == l['rg']: continue
    rule, a = assess(l, tier(share(l)))
    if rule:
        a = kept(l, a); sub[rule] += a; cnt[rule] += 1; tiers[tier(share(l))] += a
        if l['vehicle']: per_vehicle[l['vehicle'], rule] += a
assert all(a <= {'cold': 800000, 'bulk': 500000}[r] for (_, r), a in per_vehicle.items())     # no vehicle reaches its cap here
# 6b the whole policy, settled once for the half-year: 5 households or tier D; 100 valid parcels per supplier and quarter; supplier-year cap, in
# order of the queue (tier, deep-poverty township first, day, order number); the half-year's budget
P = S['policy']; parcels = defaultdict(int); left = arg('--envelope-fen', P['period_budget_fen']['2019-01-01..2019-06-30']); by_supplier = defaultdict(int); full = defaultdict(int); why = defaultdict(int)
quarter = lambda l: (l['coop'], (l['d'].month-1)//3); deep = lambda l: coops[l['coop']]['township'] not in S['deep_poverty_townships']
for l in lines:
    if not l['vehicle'] and l['g'] != l['rg'] and l['gross'] <= 20000: parcels[quarter(l)] += 1
def settled_tier(l):
    t = tier(share(l))
    return t if t is None or len(by_coop.get(l['coop'], ())) >= P['min_households_for_priority'] else 'D'
for l in sorted((l for l in lines if l['g'] != l['rg']), key=lambda l: (settled_tier(l) or 'Z', deep(l), l['d'], l['order'])):
    rule, a = assess(l, settled_tier(l)); a = kept(l, a)
    if not rule: continue
    if rule == 'parcel' and parcels[quarter(l)] < P['min_parcels_per_supplier_quarter']: why['too_few_parcels'] += a; continue
    pay = min(a, P['cap_per_supplier_year_fen']-by_supplier[l['coop']], left)
    if pay < a: why['supplier_cap_or_budget'] += a-pay
    by_supplier[l['coop']] += pay; left -= pay; full[rule] += pay
# 7 report -----------------------------------------------------------------------
net = sum(l['fen']-l['rf'] for l in lines)
rep = OrderedDict(
    orders=len(lines), gross_fen=sum(l['fen'] for l in lines), refund_fen=sum(l['rf'] for l in lines), net_sales_fen=net,
    net_weight_kg=round(sum(l['g']-l['rg'] for l in lines)/1000),
    households_distinct=len(benefit), people_covered=sum(size[n] for n in benefit),
    households_registered=H, attributed_sales_fen=sales_hh, untraced_sales_fen=untraced, household_purchase_fen=tot_purchase,
    avg_income_per_household_fen=tot_purchase//len(benefit),
    households_under_100yuan=sum(1 for b in benefit.values() if b[1] < 10000),
    month_distinct=[len(by_month[m]) for m in range(P0.month, P1.month+1)],
    month_first_helped=[sum(1 for v in firstm.values() if v == m) for m in range(P0.month, P1.month+1)],
    sum_of_month_distinct=sum(len(by_month[m]) for m in by_month),
    month_net_sales_fen=[sum(l['fen']-l['rf'] for l in lines if l['d'].month == m) for m in range(P0.month, P1.month+1)],
    channel_net_sales_fen={c: sum(l['fen']-l['rf'] for l in lines if l['ch'] == c) for c in G['channels']},
    channel_orders={c: sum(1 for l in lines if l['ch'] == c) for c in G['channels']},
    channel_distinct={c: len(by_ch[c]) for c in G['channels']},
    sum_of_coop_distinct=sum(len(v) for v in by_coop.values()), households_in_two_or_more_coops=sum(len(v) for v in by_coop.values())-len(benefit),
    ledger_lots=sum(len(v) for v in lots.values()), allocations=alloc,
    subsidy_fen=dict(sub), subsidy_lines=dict(cnt), subsidy_by_tier_fen=dict(tiers), subsidy_total_fen=sum(sub.values()),
    settled_fen=dict(full), settled_total_fen=sum(full.values()), settled_by_supplier_fen=dict(sorted(by_supplier.items())), settled_cut_fen=dict(why), vehicles=len(vehicle_g), direct_trucks=sum(1 for v in vehicle_g if not v.startswith('bulk/')))
assert sum(rep['month_first_helped']) == rep['households_distinct']
print(json.dumps(rep, ensure_ascii=False, indent=1))
if '--inputs' in sys.argv:
    V = {(c['code']): (c['township_code'], c['village_code']) for c in S['cooperatives']}
    json.dump(dict(
        households=[dict(no=h, head=head[h], size=size[h], cooperative=home[h], township_code=V[home[h]][0], village_code=V[home[h]][1], category=category[h]) for h in sorted(size)],
        lots=[dict(cooperative=c, product=q, bought_on=str(d), household=no, g=g0, price_fen_per_kg=prod[q]['purchase_fen_per_kg'], verified=True)
              for c, q in sorted(lots) for (d, no, _), g0 in zip(lots[c, q], grams[c, q])],
        orders=[dict(order=l['order'], sku=l['sku'], product=l['prod'], cooperative=l['coop'], channel=l['ch'], day=str(l['d']), units=l['units'], goods_fen=l['fen'],
                     net_g=l['g'], gross_g=l['gross'], city=l['city'], approved_km=l['km'], vehicle=l['vehicle'], temperature_log=bool(l['vehicle'] and l['cold']),
                     freight_fen=freight(l), buyer_paid_freight_fen=0, other_subsidy_fen=0, refund_fen=l['rf'], refund_g=l['rg']) for l in sorted(lines, key=lambda l: (l['d'], l['order']))]),
        open(sys.argv[sys.argv.index('--inputs')+1], 'w'), ensure_ascii=False)
