package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

func batchCases() []testCase[storage.Batcher] {
	return []testCase[storage.Batcher]{
		{"Together", batchTogether},
		{"EachItsOwnError", batchErrors},
		{"Ended", batchEnded},
	}
}

// batchTogether makes one call of each kind, twice: what was written is what the
// methods read, and what is read together is what they wrote.
func batchTogether(t *testing.T, s Store, _ storage.Batcher) {
	ctx, store, now := t.Context(), storage.Full(s.KV), time.Unix(1e9, 0)
	must(t, store.Set(ctx, "old", []byte("v"), 0))
	must(t, store.Rank(ctx, "set", "m", 4, 0, 0))
	get := &storage.GetCall{Keys: []string{"old", "none"}}
	set := &storage.SetCall{Values: []storage.Value{{Key: "a", Data: []byte("1")}, {Key: "b", Data: nil}}, TTL: time.Hour}
	take := &storage.TakeCall{Claims: []storage.Claim{{Name: "x", Draw: storage.Draw{Burst: 5, N: 3}}, {Name: "y", Draw: storage.Draw{Burst: 5, N: 1}}}, Now: now}
	ranks := &storage.RanksCall{Of: []storage.MemberOf{{Set: "set", Member: "m"}, {Set: "none", Member: "m"}}}
	rank := &storage.RankCall{Rankings: []storage.Ranking{{Set: "new", Member: "n", Score: 2, Add: true}, {Set: "new", Member: "o", Score: 1}}}
	push := &storage.PushCall{List: "list", Item: []byte("item"), Keep: 2}
	observe := &storage.ObserveCall{Observations: []storage.Observation{{Series: "a", Value: 2, Windows: month()}, {Series: "b", Value: 3, Windows: month()}}, Now: now}
	calls := []storage.Call{get, set, take, ranks, rank, push, observe}
	storage.Batch(ctx, store, calls)
	for _, c := range calls {
		must(t, c.Failed())
	}
	if string(get.Values[0]) != "v" || get.Values[1] != nil {
		t.Errorf("values %q", get.Values)
	}
	if !take.Buckets[0].OK || take.Buckets[0].Level != 3 || take.Buckets[1].Level != 1 {
		t.Errorf("buckets %+v", take.Buckets)
	}
	if ranks.Members[0] != (storage.Member{Name: "m", Score: 4}) || ranks.Members[1].Name != "" {
		t.Errorf("members %+v", ranks.Members)
	}
	again := &storage.TakeCall{Claims: take.Claims, Now: now} // x has no room
	reads := &storage.GetCall{Keys: []string{"b", "a"}}
	settle := &storage.SettleCall{Settlements: []storage.Settlement{{Name: "z", Back: 1}}, Now: now}
	storage.Batch(ctx, store, []storage.Call{again, reads, settle})
	if again.Err != nil || again.Buckets[0].OK || reads.Err != nil || reads.Values[0] == nil || string(reads.Values[1]) != "1" || settle.Err != nil {
		t.Errorf("%+v, %q, %v %v %v", again.Buckets, reads.Values, again.Err, reads.Err, settle.Err)
	}
	back := &storage.SettleCall{Settlements: []storage.Settlement{{Name: "x", Back: 2}}, Now: now}
	storage.Batch(ctx, store, []storage.Call{back, &storage.PushCall{List: "list", Item: []byte("next"), Keep: 2}})
	must(t, back.Err)
	if b, err := store.Take(ctx, "x", storage.Draw{Burst: 5, N: 4}, now); err != nil || !b.OK || b.Level != 5 {
		t.Errorf("after 3 of 5 and 2 back: %+v, %v", b, err)
	}
	items, err := store.Items(ctx, "list", 0, 9)
	if err != nil || len(items) != 2 || string(items[0]) != "next" || string(items[1]) != "item" {
		t.Errorf("items %q, %v", items, err)
	}
	if score, err := store.RankOf(ctx, "new", "n"); err != nil || score != 2 {
		t.Errorf("score %v, %v", score, err)
	}
	// Only readers.
	averages := &storage.ObservedCall{Of: []storage.SeriesOf{{Name: "b", Windows: []string{"1m"}}, {Name: "none", Windows: []string{"1m"}}}}
	storage.Batch(ctx, store, []storage.Call{get, ranks, averages})
	must(t, averages.Err)
	sameSeries(t, "series b", averages.Series[0], storage.Series{Count: 1, Time: now, Values: map[string]float64{"1m": 3}})
	sameSeries(t, "no series", averages.Series[1], storage.Series{})
	if get.Err != nil || ranks.Err != nil || string(get.Values[0]) != "v" || ranks.Members[0].Score != 4 {
		t.Errorf("%q, %+v", get.Values, ranks.Members)
	}
}

// batchErrors has calls that no store takes between others, which are done.
func batchErrors(t *testing.T, s Store, _ storage.Batcher) {
	ctx, store := t.Context(), storage.Full(s.KV)
	for _, bad := range badKeys() {
		fine := &storage.SetCall{Values: []storage.Value{{Key: "fine", Data: []byte(bad[:min(len(bad), 1)] + "x")}}}
		broken := []storage.Call{
			&storage.GetCall{Keys: []string{"k", bad}},
			&storage.SetCall{Values: []storage.Value{{Key: "before", Data: []byte("x")}, {Key: bad}}},
			&storage.TakeCall{Claims: []storage.Claim{{Name: bad, Draw: storage.Draw{Burst: 1, N: 1}}}},
			&storage.SettleCall{Settlements: []storage.Settlement{{Name: bad, Back: 1}}},
			&storage.ObservedCall{Of: []storage.SeriesOf{{Name: bad, Windows: []string{"w"}}}},
			&storage.ObserveCall{Observations: []storage.Observation{{Series: bad, Windows: month()}}},
			&storage.RanksCall{Of: []storage.MemberOf{{Set: "s", Member: bad}}},
			&storage.RankCall{Rankings: []storage.Ranking{{Set: bad, Member: "m"}}},
			&storage.PushCall{List: bad},
		}
		read := &storage.GetCall{Keys: []string{"none"}}
		storage.Batch(ctx, store, append(append([]storage.Call{fine}, broken...), read))
		for _, c := range broken {
			if !errors.Is(c.Failed(), storage.ErrBadKey) {
				t.Errorf("%T: %v", c, c.Failed())
			}
		}
		if fine.Err != nil || read.Err != nil || len(read.Values) != 1 {
			t.Errorf("those beside them: %v, %v", fine.Err, read.Err)
		}
		for _, key := range []string{"fine", "before"} {
			if _, err := store.Get(ctx, key); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
}

// batchEnded has no time.
func batchEnded(t *testing.T, s Store, _ storage.Batcher) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	get, push := &storage.GetCall{Keys: []string{"k"}}, &storage.PushCall{List: "l", Item: []byte("x")}
	storage.Batch(ctx, storage.Full(s.KV), []storage.Call{get, push})
	if !errors.Is(get.Err, context.Canceled) || !errors.Is(push.Err, context.Canceled) {
		t.Errorf("%v, %v", get.Err, push.Err)
	}
	if items, err := storage.Full(s.KV).Items(t.Context(), "l", 0, 1); err != nil || len(items) > 0 {
		t.Errorf("%q, %v", items, err)
	}
}
