// The loops of a quick schedule, compiled by hwgen/native.py. quick_python.py has the same in Python, result for result,
// and says what it means. Doubles are only added and multiplied, in a fixed order; nothing is fused.

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using Int = int64_t;
constexpr int UNITS = 16, REFRESH = 8, SCALE = 256, SHIFT = 16;

// One group on its way through its slots.
struct Group {
    const Int *counts;                // [nodes][UNITS]: reads of a node from a bank
    Int look_ahead;
    std::vector<Int> reads;           // of a node
    std::vector<uint32_t> banks;      // of a node, as bits
    std::vector<Int> queue[UNITS];    // nodes of an element, in the order in which they come into its window
    std::vector<Int> window[UNITS];   // nodes that an element chooses among
    size_t taken[UNITS] = {};         // of the queue, into the window
    uint32_t offered[UNITS] = {};     // banks of the window's nodes
    Int open[UNITS];                  // the node an element works on, or -1
    Int left[UNITS][UNITS] = {};      // reads left of it, from each bank
    Int open_left[UNITS] = {};        // all reads left of it
    Int inverse[UNITS] = {};          // SCALE / open_left, fixed point
    uint32_t want[UNITS] = {};        // banks it still reads
    Int bank_load[UNITS] = {}, unit_load[UNITS] = {}, urgency[UNITS] = {};
    int order[UNITS];                 // elements, the busiest first

    Group(Int nodes, const Int *counts, const Int *unit, const Int *sorted, Int look_ahead)
        : counts(counts), look_ahead(look_ahead), reads(nodes), banks(nodes) {
        for (Int n = 0; n < nodes; n++)
            for (int b = 0; b < UNITS; b++)
                if (Int count = counts[n * UNITS + b]) {
                    reads[n] += count;
                    banks[n] |= 1u << b;
                    bank_load[b] += count;
                }
        for (Int k = 0; k < nodes; k++)
            if (Int n = sorted[k]; reads[n]) {
                queue[unit[n]].push_back(n);
                unit_load[unit[n]] += reads[n];
            }
        for (int p = 0; p < UNITS; p++) {
            open[p] = -1;
            order[p] = p;
            taken[p] = std::min<size_t>(look_ahead, queue[p].size());
            window[p].assign(queue[p].begin(), queue[p].begin() + taken[p]);
            offer(p);
        }
    }

    void offer(int p) {
        offered[p] = 0;
        for (Int n : window[p]) offered[p] |= banks[n];
    }

    // The fourth power of a bank's load relative to the largest, up to SCALE.
    void refresh() {
        Int top = std::max<Int>(1, *std::max_element(bank_load, bank_load + UNITS));
        top = std::max(top, *std::max_element(unit_load, unit_load + UNITS));
        for (int b = 0; b < UNITS; b++) {
            Int share = SCALE * bank_load[b] / top;
            urgency[b] = share * share / SCALE * share / SCALE * share / SCALE;
        }
        std::stable_sort(order, order + UNITS, [&](int p, int q) { return unit_load[p] > unit_load[q]; });
    }

    // Which of ``choices`` an element reads: the most urgent bank, in which most of its open node's reads crowd.
    int choose(int p, uint32_t choices) const {
        int best = -1;
        Int most = -1;
        for (; choices; choices &= choices - 1) {
            int b = __builtin_ctz(choices);
            Int score = urgency[b] + (open[p] < 0 ? 0 : left[p][b] * inverse[p] >> SHIFT);
            if (score > most) most = score, best = b;
        }
        return best;
    }

    // Open the node of the window that crowds most in a bank.
    void begin(int p, int b) {
        size_t best = 0;
        Int share = -1, all = 1;  // of its reads, as a fraction
        for (size_t k = 0; k < window[p].size(); k++) {
            Int n = window[p][k], here = counts[n * UNITS + b];
            if (here * all > share * reads[n]) share = here, all = reads[n], best = k;
        }
        Int n = window[p][best];
        open[p] = n;
        open_left[p] = reads[n];
        inverse[p] = (SCALE << SHIFT) / reads[n];
        want[p] = banks[n];
        std::copy(counts + n * UNITS, counts + (n + 1) * UNITS, left[p]);
        if (taken[p] < queue[p].size())
            window[p][best] = queue[p][taken[p]++];
        else
            window[p].erase(window[p].begin() + best);
        offer(p);
    }

    // One slot: the bank that each element reads, or -1.
    void slot(int *got) {
        uint32_t free = (1u << UNITS) - 1;
        int owner[UNITS];
        std::fill(got, got + UNITS, -1);
        for (int i = 0; i < UNITS; i++) {
            int p = order[i];
            uint32_t wanted = open[p] < 0 ? offered[p] : want[p];
            int b = choose(p, wanted & free);
            if (b < 0)  // one that is taken, where its element may read another
                for (uint32_t rest = wanted; rest && b < 0; rest &= rest - 1) {
                    int taken_bank = __builtin_ctz(rest), other = owner[taken_bank];
                    int instead = choose(other, want[other] & free);
                    if (instead < 0) continue;
                    got[other] = instead;
                    owner[instead] = other;
                    free &= ~(1u << instead);
                    b = taken_bank;
                }
            if (b < 0) continue;
            if (open[p] < 0) begin(p, b);
            got[p] = b;
            owner[b] = p;
            free &= ~(1u << b);
        }
    }

    void take(int p, int b) {
        bank_load[b]--;
        unit_load[p]--;
        if (!--left[p][b]) want[p] &= ~(1u << b);
        if (--open_left[p])
            inverse[p] = (SCALE << SHIFT) / open_left[p];
        else
            open[p] = -1;
    }
};

}  // namespace

extern "C" {

Int quick_match(Int nodes, const Int *counts, const Int *unit, const Int *sorted, Int look_ahead, Int room, Int *bank,
                Int *node) {
    Group group(nodes, counts, unit, sorted, look_ahead);
    Int remaining = 0, slots = 0;
    for (Int n = 0; n < nodes; n++) remaining += group.reads[n];
    for (; remaining; slots++) {
        if (slots % REFRESH == 0) group.refresh();
        int got[UNITS];
        group.slot(got);
        for (int p = 0; p < UNITS; p++) {
            if (slots < room) {
                bank[slots * UNITS + p] = got[p];
                node[slots * UNITS + p] = got[p] < 0 ? -1 : group.open[p];
            }
            if (got[p] < 0) continue;
            group.take(p, got[p]);
            remaining--;
        }
    }
    return slots;
}

// Positions of keys below ``bins`` in sorted order, equal keys as they come.
void stable_order(Int count, Int bins, const Int *key, Int *order) {
    std::vector<Int> start(bins + 1);
    for (Int k = 0; k < count; k++) start[key[k] + 1]++;
    for (Int b = 0; b < bins; b++) start[b + 1] += start[b];
    for (Int k = 0; k < count; k++) order[start[key[k]]++] = k;
}

void quick_spread(Int items, Int resources, Int bins, Int limit, const double *demand, const double *fair,
                  const Int *order, Int *where) {
    std::vector<double> load(bins * resources), price(bins * resources);
    std::vector<Int> room(bins, limit);
    for (Int k = 0; k < items; k++) {
        const double *weight = demand + order[k] * resources;
        Int best = -1;
        double least = 0;
        for (Int b = 0; b < bins; b++) {
            if (!room[b]) continue;
            double cost = 0;
            for (Int d = 0; d < resources; d++)
                if (weight[d] != 0) cost += price[b * resources + d] * weight[d];
            if (best < 0 || cost < least) least = cost, best = b;
        }
        where[order[k]] = best;
        room[best]--;
        for (Int d = 0; d < resources; d++) {
            if (weight[d] == 0) continue;
            double &l = load[best * resources + d];
            l += weight[d];
            double r = l / fair[d];
            r *= r, r *= r, r *= r, r *= r;
            price[best * resources + d] = r;
        }
    }
}

}  // extern "C"
