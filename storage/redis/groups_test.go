package redis_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

func TestMasterFailsWithAcks(t *testing.T) {
	t.Parallel()
	g := redistest.Sentinel(t)
	s := open(t, redis.Options{Addrs: []string{g.Sentinel.Addr}, Master: "mymaster", Acks: 1, Timeout: timeout, Connect: true})
	l := startLoad(t, s)
	l.more(t, 200)
	g.Master.Kill()
	g.Failover()
	// There is no replica of the new master yet, so writes are done and not
	// acknowledged until the old one is back.
	g.Master.Restart()
	g.Master.Follow(g.Replica)
	l.more(t, 200)
	l.check(t)
}

// TestMasterFailsWithoutAcks loses nothing that had been replicated, and says
// that the rest is lost.
func TestMasterFailsWithoutAcks(t *testing.T) {
	t.Parallel()
	g := redistest.Sentinel(t)
	s := open(t, redis.Options{Addrs: []string{g.Sentinel.Addr}, Master: "mymaster", Timeout: timeout, Connect: true})
	l := startLoad(t, s)
	l.more(t, 200)
	l.mu.Lock()
	before := maps.Clone(l.ids)
	l.mu.Unlock()
	redistest.Await(t, "the replica has them", func() bool {
		n, err := strconv.Atoi(g.Replica.Must("XLEN", "winnow:l:{log}:e"))
		return err == nil && n >= int(slices.Max(slices.Collect(maps.Values(before))))
	})
	g.Master.Kill()
	g.Failover()
	up(t, s)
	l.more(t, 200)
	l.end()
	redistest.Await(t, "a warning about the failover", func() bool { return warned(s, "the master moved") })
	entries := readAll(t, s)
	for i, e := range entries {
		if e.Seq != uint64(i+1) {
			t.Fatalf("entry %d has the number %d", i, e.Seq)
		}
	}
	for id, seq := range before {
		if seq > uint64(len(entries)) || entries[seq-1].ID != id {
			t.Errorf("entry %s, which was replicated as %d, is lost", id, seq)
		}
	}
}

func TestMasterIsDemoted(t *testing.T) {
	t.Parallel()
	g := redistest.Sentinel(t)
	s := open(t, redis.Options{Addrs: []string{g.Sentinel.Addr}, Master: "mymaster", Acks: 1, Timeout: timeout, Connect: true})
	l := startLoad(t, s)
	l.more(t, 200)
	g.Failover()
	g.Master.Follow(g.Replica)
	l.more(t, 200)
	l.check(t)
	if got := g.Replica.Must("XLEN", "winnow:l:{log}:e"); got == "0" {
		t.Error("the new master has no entries")
	}
}

func TestReplicasAreMissing(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Acks: 1, AcksTimeout: 1})
	lesson := storage.Lesson{Message: "m", Class: "spam", IDs: []uint64{1}}
	for i := range 2 {
		_, err := s.Learn(t.Context(), "t", lesson)
		few, ok := errors.AsType[*redis.NotReplicatedError](err)
		if !ok || few.Op != "Learn" || few.Acks != 0 || few.Want != 1 {
			t.Errorf("Learn %d: %v", i, err)
		}
	}
	if seq, err := s.Append(t.Context(), "log", "", nil); seq != 1 || err == nil {
		t.Errorf("Append: %d, %v", seq, err)
	}
	if n, err := s.Increment(t.Context(), "n", 3, 0); n != 3 || err == nil {
		t.Errorf("Increment: %d, %v", n, err)
	}
	if class, err := s.Lesson(t.Context(), "t", "m"); class != "spam" || err != nil {
		t.Errorf("the lesson was not done: %q, %v", class, err)
	}
	if st := s.Stats(); !st.Up {
		t.Errorf("%+v", st)
	}
}

func addrs(servers []*redistest.Server) (all []string) {
	for _, s := range servers {
		all = append(all, s.Addr)
	}
	return all
}

func TestClusterLosesAMaster(t *testing.T) {
	t.Parallel()
	nodes := redistest.Cluster(t, 3, "--appendonly", "yes")
	s := open(t, redis.Options{Addrs: addrs(nodes), Timeout: timeout, Connect: true})
	// A key of each node, by the slot.
	var keys []string
	for _, n := range nodes {
		for i := 0; ; i++ {
			key := fmt.Sprint("key", i)
			if _, err := n.Do("GET", "winnow:k:"+key); err == nil {
				keys = append(keys, key)
				break
			}
		}
	}
	l := startLoad(t, s)
	l.more(t, 200)
	nodes[0].Kill()
	down(t, s)
	for i, key := range keys {
		err := s.Set(t.Context(), key, []byte("v"), 0)
		if i == 0 && !errors.Is(err, storage.ErrUnavailable) || i > 0 && err != nil {
			t.Errorf("Set of a key of node %d: %v", i, err)
		}
	}
	if _, err := s.GetMany(t.Context(), keys[1:]); err != nil {
		t.Errorf("GetMany from the nodes that are left: %v", err)
	}
	nodes[0].Restart()
	nodes[0].Await("cluster_state:ok", "CLUSTER", "INFO")
	up(t, s)
	l.more(t, 200)
	if err := s.Set(t.Context(), keys[0], []byte("v"), 0); err != nil {
		t.Error(err)
	}
	l.check(t)
}

func TestClusterReplacesAMaster(t *testing.T) {
	t.Parallel()
	nodes := redistest.Cluster(t, 3)
	replica := redistest.AddReplica(t, nodes, 0)
	s := open(t, redis.Options{Addrs: addrs(nodes[1:]), Timeout: timeout, Connect: true})
	var key string
	for i := 0; key == ""; i++ {
		try := fmt.Sprint("key", i)
		if _, err := nodes[0].Do("GET", "winnow:k:"+try); err == nil {
			key = try
		}
	}
	if err := s.Set(t.Context(), key, []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	nodes[0].Kill()
	redistest.Await(t, "the replica has taken over", func() bool { return s.Set(t.Context(), key, []byte("w"), 0) == nil })
	replica.Await("role:master", "INFO", "replication")
	// The lost one is no master any more, so it does not count.
	up(t, s)
	if v, err := s.Get(t.Context(), key); err != nil || string(v) != "w" {
		t.Errorf("Get: %q, %v", v, err)
	}
}

func TestClusterMovesASlot(t *testing.T) {
	t.Parallel()
	nodes := redistest.Cluster(t, 3)
	s := open(t, redis.Options{Addrs: addrs(nodes), Acks: 0, Connect: true})
	keys := []string{"{x}1", "{x}2", "{x}3", "other", "third"}
	for _, key := range keys {
		if err := s.Set(t.Context(), key, []byte(key), 0); err != nil {
			t.Fatal(err)
		}
	}
	slot := nodes[0].Must("CLUSTER", "KEYSLOT", "{x}")
	var from, to *redistest.Server
	for _, n := range nodes {
		if _, err := n.Do("GET", "winnow:k:{x}1"); err == nil {
			from = n
		} else {
			to = n
		}
	}
	fromID, toID := from.Must("CLUSTER", "MYID"), to.Must("CLUSTER", "MYID")
	to.Must("CLUSTER", "SETSLOT", slot, "IMPORTING", fromID)
	from.Must("CLUSTER", "SETSLOT", slot, "MIGRATING", toID)
	host, port, _ := strings.Cut(to.Addr, ":")
	from.Must("MIGRATE", host, port, "winnow:k:{x}1", "0", "5000")
	check := func(state string) {
		t.Helper()
		values, err := s.GetMany(t.Context(), keys)
		if err != nil {
			t.Errorf("%s: GetMany: %v", state, err)
			return
		}
		for i, key := range keys {
			if string(values[i]) != key {
				t.Errorf("%s: %s is %q", state, key, values[i])
			}
		}
		// The script is not known to the other node yet.
		if was, err := s.Add(t.Context(), "{x}1", nil, 0); err != nil || string(was) != "{x}1" {
			t.Errorf("%s: Add: %q, %v", state, was, err)
		}
	}
	check("while the slot moves")
	from.Must("MIGRATE", host, port, "", "0", "5000", "KEYS", "winnow:k:{x}2", "winnow:k:{x}3")
	for _, n := range nodes {
		n.Must("CLUSTER", "SETSLOT", slot, "NODE", toID)
	}
	check("after the slot has moved")
	if err := s.Delete(t.Context(), keys...); err != nil {
		t.Error(err)
	}
	if values, err := s.GetMany(t.Context(), keys); err != nil || strings.Join([]string{string(values[0]), string(values[3])}, "") != "" {
		t.Errorf("after Delete: %q, %v", values, err)
	}
}
