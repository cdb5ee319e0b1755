// Lists told in the rows of a dictionary, compiled by hwgen/native.py. Dictionary.encode has the same in NumPy, result
// for result: pairs are replaced round by round, and what a round puts in their place counts from the next round on.

#include <algorithm>
#include <cstdint>
#include <queue>
#include <vector>

namespace {

using Int = int64_t;

struct Pair {
    Int round, one, other, stands;  // stands: the row in place of both, -1 where they cancel
};

// The pairs of each row, in their order: those of row r are at [first[r], first[r + 1]).
struct Members {
    std::vector<Int> first, pair;

    Members(const Pair *pairs, Int count, Int rows) : first(rows + 1), pair(2 * count) {
        for (Int p = 0; p < count; p++) first[pairs[p].one + 1]++, first[pairs[p].other + 1]++;
        for (Int r = 0; r < rows; r++) first[r + 1] += first[r];
        std::vector<Int> next(first.begin(), first.end() - 1);
        for (Int p = 0; p < count; p++) pair[next[pairs[p].one]++] = p, pair[next[pairs[p].other]++] = p;
    }
};

class List {
    const Pair *pairs;
    const Members &members;
    std::vector<Int> times;    // of each row, in this list
    std::vector<Int> seen;     // rows that it had at any moment
    std::vector<char> is_seen;
    std::priority_queue<Int, std::vector<Int>, std::greater<Int>> due;  // pairs of which it had both rows

public:
    List(const Pair *pairs, const Members &members, Int rows)
        : pairs(pairs), members(members), times(rows), is_seen(rows) {}

    // Add a row, and remember what it makes a pair with in rounds behind `round`.
    void add(Int row, Int count, Int round) {
        if (!is_seen[row]) is_seen[row] = 1, seen.push_back(row);
        if (!times[row])
            for (Int at = members.first[row]; at < members.first[row + 1]; at++) {
                const Pair &p = pairs[members.pair[at]];
                if (p.round > round && times[p.one == row ? p.other : p.one]) due.push(members.pair[at]);
            }
        times[row] += count;
    }

    void replace() {
        std::vector<std::pair<Int, Int>> stand;  // what this round puts in place of pairs
        for (Int round = -1; !due.empty() || !stand.empty();) {
            if (due.empty() || pairs[due.top()].round != round) {
                for (auto [row, count] : stand) add(row, count, round);
                stand.clear();
                if (due.empty()) return;
                round = pairs[due.top()].round;
            }
            const Pair &p = pairs[due.top()];
            due.pop();
            const Int both = std::min(times[p.one], times[p.other]);  // 0: another pair took a row, or it came twice
            if (!both) continue;
            times[p.one] -= both, times[p.other] -= both;
            if (p.stands >= 0) stand.emplace_back(p.stands, both);
        }
    }

    // Write rows in order and how often each is added, and forget them.
    Int write(Int *row, Int *count) {
        std::sort(seen.begin(), seen.end());
        Int written = 0;
        for (Int r : seen) {
            if (times[r]) row[written] = r, count[written++] = times[r];
            times[r] = is_seen[r] = 0;
        }
        seen.clear();
        return written;
    }
};

}  // namespace

// Entry e of list l, first[l] <= e < first[l + 1], adds row[e] times[e] times; a row of -1 is nothing. Results come
// ordered by row, those of list l before ends[l + 1]. Pairs are ordered by round. A list gets no longer, since of the two
// rows of a pair one is used up: there is room for the results where there was for the lists.
extern "C" Int encode_lists(Int lists, Int rows, Int count, const Pair *pairs, const Int *first, const Int *row,
                            const Int *times, Int *ends, Int *out_row, Int *out_times) {
    const Members members(pairs, count, rows);
    List list(pairs, members, rows);
    ends[0] = 0;
    for (Int l = 0; l < lists; l++) {
        for (Int e = first[l]; e < first[l + 1]; e++)
            if (row[e] >= 0) list.add(row[e], times[e], -1);
        list.replace();
        ends[l + 1] = ends[l] + list.write(out_row + ends[l], out_times + ends[l]);
    }
    return ends[lists];
}
