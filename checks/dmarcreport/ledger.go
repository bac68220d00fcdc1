package dmarcreport

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// errFull: a day has as many rows or policies as are noted.
var errFull = errors.New("dmarcreport: full")

// A ledger is one day in the store. Of each policy it holds
//
//	dmarc:DAY:n              how many policies there are
//	dmarc:DAY:p:I            the I-th of them
//	dmarc:DAY:POLICY:n       how many rows it has
//	dmarc:DAY:POLICY:r:I     the I-th of them
//	dmarc:DAY:POLICY:c:ROW   how many messages a row stands for
//
// where POLICY and ROW are digests. The count comes first, so that of messages
// noted at the same time only one finds that its row is new.
type ledger struct {
	store storage.KV
	day   time.Time
}

func (l ledger) key(parts ...string) string {
	k := "dmarc:" + l.day.UTC().Format("20060102")
	for _, p := range parts {
		k += ":" + p
	}
	return k
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:12])
}

// An entry is a policy as it stands in the store.
type entry struct {
	Policy Policy
	// Done are the addresses that have the report or don't need it.
	Done []string `json:",omitempty"`
}

// add counts a row of a policy.
func (l ledger) add(ctx context.Context, p Policy, r Row, maxRows int) error {
	row, err := json.Marshal(r)
	if err != nil {
		return err
	}
	policy, err := json.Marshal(p)
	if err != nil {
		return err
	}
	id := digest(policy)
	counter := l.key(id, "c", digest(row))
	n, err := l.store.Increment(ctx, counter, 1, Expiry)
	if err != nil || n > 1 {
		return err
	}
	if err := l.list(ctx, id, row, p, maxRows); err != nil {
		// The next such message tries again.
		return errors.Join(err, l.store.Delete(context.WithoutCancel(ctx), counter))
	}
	return nil
}

// list enters a new row, and with the first one the policy.
func (l ledger) list(ctx context.Context, id string, row []byte, p Policy, maxRows int) error {
	n, err := l.store.Increment(ctx, l.key(id, "n"), 1, Expiry)
	if err != nil {
		return err
	}
	if n > int64(maxRows) {
		return errFull
	}
	if err := l.store.Set(ctx, l.key(id, "r", strconv.FormatInt(n, 10)), row, Expiry); err != nil || n > 1 {
		return err
	}
	if n, err = l.store.Increment(ctx, l.key("n"), 1, Expiry); err != nil {
		return err
	}
	if n > MaxPolicies {
		return errFull
	}
	return l.put(ctx, int(n), entry{Policy: p})
}

func (l ledger) put(ctx context.Context, i int, e entry) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return l.store.Set(ctx, l.key("p", strconv.Itoa(i)), data, Expiry)
}

// policies returns how many policies were noted.
func (l ledger) policies(ctx context.Context) (int, error) {
	n, err := l.number(ctx, l.key("n"))
	return min(n, MaxPolicies), err
}

func (l ledger) number(ctx context.Context, key string) (int, error) {
	data, err := l.store.Get(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(data))
}

// policy returns the i-th policy, ErrNotFound when it is reported already.
func (l ledger) policy(ctx context.Context, i int) (e entry, id string, err error) {
	data, err := l.store.Get(ctx, l.key("p", strconv.Itoa(i)))
	if err != nil {
		return entry{}, "", err
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return entry{}, "", fmt.Errorf("dmarcreport: policy in the store: %w", err)
	}
	policy, err := json.Marshal(e.Policy)
	return e, digest(policy), err
}

// A counted row.
type counted struct {
	Row
	count int
}

// batch is how many keys are asked for at once.
const batch = 256

// rows returns the rows of a policy, and the keys under which the policy, the
// i-th, and they are kept.
func (l ledger) rows(ctx context.Context, i int, id string) (rows []counted, keys []string, err error) {
	n, err := l.number(ctx, l.key(id, "n"))
	if err != nil {
		return nil, nil, err
	}
	n = min(n, MaxRows)
	keys = []string{l.key("p", strconv.Itoa(i)), l.key(id, "n")}
	for from := 1; from <= n; from += batch {
		var rowKeys []string
		for j := from; j <= min(n, from+batch-1); j++ {
			rowKeys = append(rowKeys, l.key(id, "r", strconv.Itoa(j)))
		}
		texts, err := l.store.GetMany(ctx, rowKeys)
		if err != nil {
			return nil, nil, err
		}
		counters := make([]string, len(texts))
		for j, text := range texts {
			counters[j] = l.key(id, "c", digest(text))
		}
		counts, err := l.store.GetMany(ctx, counters)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, join(texts, counts)...)
		keys = append(append(keys, rowKeys...), counters...)
	}
	return rows, keys, nil
}

// join puts rows and their counts together; what can't be read is left out.
func join(texts, counts [][]byte) (rows []counted) {
	for i, text := range texts {
		var r counted
		if text == nil || json.Unmarshal(text, &r.Row) != nil {
			continue
		}
		if n, err := strconv.Atoi(string(counts[i])); err == nil && n > 0 {
			r.count = n
			rows = append(rows, r)
		}
	}
	return rows
}
