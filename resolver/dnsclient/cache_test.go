package dnsclient

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

var cacheEpoch = time.Unix(1_700_000_000, 0)

func numbered(i int) resolver.Question {
	return resolver.Question{Name: fmt.Sprintf("n%d.zen.list.example", i), Type: resolver.TypeA}
}

func missing(q resolver.Question) resolver.Reply {
	return resolver.Reply{Err: fail(q, resolver.KindNXDomain, "")}
}

// look asks the cache as a Client does, and reports whether it knew.
func look(c *cache, i int) bool {
	q := numbered(i)
	_, ok := c.get(q, cacheEpoch)
	if !ok {
		c.put(q, missing(q), cacheEpoch, time.Hour)
	}
	return ok
}

func TestCacheIsBoundedByBytes(t *testing.T) {
	const limit = 1 << 20
	c := newCache(limit)
	sizes := rand.New(rand.NewPCG(1, 2))
	for i := range 50_000 {
		q := numbered(i)
		r := missing(q)
		if i%7 == 0 {
			r = resolver.Reply{Answer: resolver.Answer{Records: []resolver.Record{{Name: q.Name, Type: q.Type, Strings: []string{strings.Repeat("x", sizes.IntN(5000))}}}}}
		}
		c.put(q, r, cacheEpoch, time.Hour)
		held := 0
		for _, l := range []*log{&c.window, &c.main} {
			for _, s := range l.segments {
				held += cap(s.data)
			}
		}
		if _, bytes, _ := c.size(); bytes > limit || held > limit {
			t.Fatalf("after %d replies: %d bytes counted, %d in segments", i, bytes, held)
		}
	}
	n, bytes, evicted := c.size()
	if bytes < limit*8/10 || n < 2000 || int(evicted)+n != 50_000 {
		t.Errorf("%d entries of %d bytes, %d evicted", n, bytes, evicted)
	}
	q := numbered(99_999)
	c.put(q, resolver.Reply{Answer: resolver.Answer{Records: []resolver.Record{{Strings: []string{strings.Repeat("x", limit)}}}}}, cacheEpoch, time.Hour)
	if c.has(q, cacheEpoch) {
		t.Error("kept what is as large as the cache")
	}
	for i := range 100_000 {
		c.get(numbered(i), cacheEpoch.Add(time.Hour))
	}
	if n, _, _ := c.size(); n != 0 {
		t.Errorf("%d entries are left after their time", n)
	}
	off := newCache(-1)
	if off.put(q, missing(q), cacheEpoch, time.Hour); off.has(q, cacheEpoch) {
		t.Error("kept a reply without a cache")
	}
}

// A megabyte holds this many replies without records.
const perMegabyte = 8000

func TestCacheHoldsWhatFits(t *testing.T) {
	c := newCache(1 << 20)
	for i := range 2 * perMegabyte {
		look(c, i%perMegabyte)
	}
	if n, bytes, evicted := c.size(); n != perMegabyte || evicted > 0 {
		t.Errorf("%d entries of %d bytes, %d evicted", n, bytes, evicted)
	}
}

// A round that is longer than the cache keeps a part of it that is about as
// large as the cache. (With the least recently used leaving, it keeps nothing.)
func TestCacheHoldsItsSetWhenCycled(t *testing.T) {
	c := newCache(1 << 20)
	const round = 2 * perMegabyte
	var hits int
	for n := range 6 {
		hits = 0
		for i := range round {
			if look(c, i) {
				hits++
			}
		}
		t.Logf("round %d: %d of %d", n, hits, round)
	}
	if hits < perMegabyte*7/10 {
		t.Errorf("in the last of six rounds, %d of %d were known", hits, round)
	}
}

// Many questions that come once drive out nothing that is asked now and then.
func TestCacheResistsScans(t *testing.T) {
	c := newCache(1 << 20)
	const often = perMegabyte / 2
	for range 4 {
		for i := range often {
			look(c, i)
		}
	}
	for i := range 10 * perMegabyte {
		look(c, 1_000_000+i)
	}
	hits := 0
	for i := range often {
		if look(c, i) {
			hits++
		}
	}
	if hits < often*95/100 {
		t.Errorf("%d of %d are left", hits, often)
	}
}

// What was asked often long ago makes room for what is asked often now.
// Who recalls in vain asks then: that is one question, not two.
func TestRecallInVainCountsOnce(t *testing.T) {
	c := newCache(1 << 20)
	q := numbered(1)
	if _, ok := c.peek(q, cacheEpoch); ok || c.often.estimate(c.key(q)) != 0 {
		t.Errorf("known %v, asked %d times", ok, c.often.estimate(c.key(q)))
	}
	look(c, 1)
	if _, ok := c.peek(q, cacheEpoch); !ok || c.often.estimate(c.key(q)) != 2 {
		t.Errorf("known %v, asked %d times", ok, c.often.estimate(c.key(q)))
	}
}

func TestCacheForgetsOldFavourites(t *testing.T) {
	c := newCache(1 << 20)
	for range 20 {
		for i := range perMegabyte {
			look(c, i)
		}
	}
	hits := 0
	for range 20 {
		hits = 0
		for i := range perMegabyte / 2 {
			if look(c, 1_000_000+i) {
				hits++
			}
		}
	}
	if hits < perMegabyte/2*9/10 {
		t.Errorf("%d of %d are known", hits, perMegabyte/2)
	}
}

func TestEntryKeepsReply(t *testing.T) {
	q := resolver.Question{Name: "a.example", Type: resolver.TypeMX}
	for _, want := range []resolver.Reply{
		{Err: fail(q, resolver.KindNXDomain, "")},
		{Err: fail(q, resolver.KindMalformed, "records of this type cannot be read")},
		{Answer: resolver.Answer{Authentic: true, Records: []resolver.Record{
			{Name: "a.example", Type: resolver.TypeCNAME, TTL: 100, Host: "b.example"},
			{Name: "b.example", Type: resolver.TypeMX, TTL: 1<<31 - 1, Host: ".", Preference: 65535},
			{Name: "b.example", Type: resolver.TypeMX, TTL: 50, Host: "mx.b.example"},
			{Name: "a.example", Type: resolver.TypeA, TTL: 50, IP: netip.MustParseAddr("192.0.2.1")},
			{Name: "a.example", Type: resolver.TypeAAAA, TTL: 50, IP: netip.MustParseAddr("2001:db8::1")},
			{Name: "a.example", Type: resolver.TypeAAAA, TTL: 50, IP: netip.MustParseAddr("::ffff:192.0.2.1")},
			{Name: "a.example", Type: resolver.TypeTXT, TTL: 50, Strings: []string{"", "v=spf1 ", "\x00\xff", strings.Repeat("x", 255)}},
			{Name: `a\.b.example`, Type: resolver.TypeSOA, TTL: 50, Host: "ns.example", Mailbox: "root.example", Serial: 1<<32 - 1, Refresh: 2, Retry: 3, Expire: 4, Minimum: 5},
		}}},
	} {
		e, ok := packEntry(q, want, cacheEpoch, time.Minute)
		if !ok || !e.answers(q) || e.answers(resolver.Question{Name: q.Name, Type: resolver.TypeA}) || e.answers(resolver.Question{Name: "b.example", Type: q.Type}) {
			t.Fatalf("%v: kept %v, not as the reply to its question", want, ok)
		}
		if got := e.reply(q, cacheEpoch); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if e.over(cacheEpoch.Add(time.Minute-1)) || !e.over(cacheEpoch.Add(time.Minute)) {
			t.Error("does not hold for a minute")
		}
		for i, r := range e.reply(q, cacheEpoch.Add(70*time.Second)).Answer.Records {
			if before := want.Answer.Records[i].TTL; r.TTL != before-min(before, 70) {
				t.Errorf("after 70 of %d s, %d s are left", before, r.TTL)
			}
		}
	}
	for _, bad := range []error{fail(q, resolver.KindTimeout, ""), fmt.Errorf("foreign")} {
		if _, ok := packEntry(q, resolver.Reply{Err: bad}, cacheEpoch, time.Minute); ok {
			t.Errorf("kept %v", bad)
		}
	}
}

func TestSketch(t *testing.T) {
	s := newSketch(1000)
	for k := range uint64(1000) {
		for range k % 5 {
			s.add(k * 0x9e3779b97f4a7c15)
		}
	}
	over := 0
	for k := range uint64(1000) {
		switch n := uint64(s.estimate(k * 0x9e3779b97f4a7c15)); {
		case n < k%5:
			t.Fatalf("%d was added %d times, and counted %d times", k, k%5, n)
		case n > k%5:
			over++
		}
	}
	if over > 200 {
		t.Errorf("%d of 1000 are counted too often", over)
	}
}

func BenchmarkCache(b *testing.B) {
	c := newCache(DefaultCacheBytes)
	b.ReportAllocs()
	hits := 0
	for i := 0; b.Loop(); i++ {
		if look(c, i*7919%100_000) {
			hits++
		}
	}
	b.ReportMetric(float64(hits)/float64(b.N), "hits/op")
}
