package storage

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// An itemList is a list of Memory's Recent.
type itemList struct {
	items [][]byte // the newest last
}

// itemCost is what an item takes.
func itemCost(item []byte) int64 { return int64(len(item)) + 40 }

// Push implements Recent.
func (m *Memory) Push(ctx context.Context, list string, item []byte, keep int) error {
	if err := m.begin(ctx, list); err != nil {
		return err
	}
	defer m.mu.Unlock()
	l, grows := m.lists[list], itemCost(item)
	if l == nil {
		l = &itemList{}
		grows += cost(list, nil)
	}
	drops := 0
	if keep > 0 {
		drops = max(0, len(l.items)+1-keep)
	}
	for _, old := range l.items[:drops] {
		grows -= itemCost(old)
	}
	if err := m.reserve(grows); err != nil {
		return err
	}
	m.lists[list] = l
	clear(l.items[:drops])
	l.items = append(l.items[drops:], clone(item))
	return nil
}

// Items implements Recent.
func (m *Memory) Items(ctx context.Context, list string, skip, n int) ([][]byte, error) {
	if err := m.begin(ctx, list); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	l := m.lists[list]
	if l == nil {
		return nil, nil
	}
	var items [][]byte
	for i := len(l.items) - 1 - max(0, skip); i >= 0 && len(items) < n; i-- {
		items = append(items, clone(l.items[i]))
	}
	return items, nil
}

// A rankedSet is a set of Memory's Ranked.
type rankedSet struct {
	scores  map[string]float64
	members []Member // by rising score, then name
}

func rankCost(member string) int64 { return 2*int64(len(member)) + 80 }

func byScore(a, b Member) int {
	return cmp.Or(cmp.Compare(a.Score, b.Score), strings.Compare(a.Name, b.Name))
}

// drop removes a member and returns what it took.
func (s *rankedSet) drop(member string) int64 {
	score, ok := s.scores[member]
	if !ok {
		return 0
	}
	i, _ := slices.BinarySearchFunc(s.members, Member{member, score}, byScore)
	s.members = slices.Delete(s.members, i, i+1)
	delete(s.scores, member)
	return rankCost(member)
}

// Rank implements Ranked.
func (m *Memory) Rank(ctx context.Context, set, member string, score float64, keep int, ttl time.Duration) error {
	return m.rankOne(ctx, Ranking{Set: set, Member: member, Score: score, Keep: keep, TTL: ttl})
}

// RankMany implements ManyRanker.
func (m *Memory) RankMany(ctx context.Context, rs []Ranking) error {
	for _, r := range rs {
		if err := m.rankOne(ctx, r); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// RanksOf implements ManyRanker.
func (m *Memory) RanksOf(ctx context.Context, of []MemberOf) ([]Member, error) {
	members := make([]Member, len(of))
	for i, x := range of {
		score, err := m.RankOf(ctx, x.Set, x.Member)
		switch {
		case err == nil:
			members[i] = Member{Name: x.Member, Score: score}
		case err != ErrNotFound:
			return nil, err
		}
	}
	return members, ctx.Err()
}

func (m *Memory) rankOne(ctx context.Context, r Ranking) error {
	if err := r.Check(); err != nil {
		return err
	}
	if err := m.begin(ctx, r.Set, r.Member); err != nil {
		return err
	}
	defer m.mu.Unlock()
	e := m.sets[r.Set]
	if r.TTL < 0 {
		if e != nil {
			m.remove(e)
		}
		return nil
	}
	var s *rankedSet
	grows := int64(0)
	if e == nil {
		s = &rankedSet{scores: map[string]float64{}}
		e = &entry{home: m.sets, key: r.Set, state: s, heapAt: -1, slot: -1}
		grows = cost(r.Set, nil)
	} else {
		s = e.state.(*rankedSet)
	}
	was, ok := s.scores[r.Member]
	if !ok {
		grows += rankCost(r.Member)
	}
	if r.Add {
		r.Score += was
	}
	if err := m.reserve(grows); err != nil {
		return err
	}
	m.sets[r.Set] = e
	s.drop(r.Member)
	freed := int64(0)
	for r.Add && r.Keep > 0 && len(s.members) >= r.Keep {
		freed += s.drop(s.members[0].Name)
	}
	s.scores[r.Member] = r.Score
	i, _ := slices.BinarySearchFunc(s.members, Member{r.Member, r.Score}, byScore)
	s.members = slices.Insert(s.members, i, Member{r.Member, r.Score})
	for r.Keep > 0 && len(s.members) > r.Keep {
		freed += s.drop(s.members[0].Name)
	}
	e.size += grows - freed
	m.live(e, r.TTL)
	return m.reserve(-freed)
}

// RankOf implements Ranked.
func (m *Memory) RankOf(ctx context.Context, set, member string) (float64, error) {
	if err := m.begin(ctx, set, member); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	if e := m.sets[set]; e != nil {
		if score, ok := e.state.(*rankedSet).scores[member]; ok {
			return score, nil
		}
	}
	return 0, ErrNotFound
}

// Members implements Ranked.
func (m *Memory) Members(ctx context.Context, set string, skip, n int) ([]Member, error) {
	if err := m.begin(ctx, set); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	e := m.sets[set]
	if e == nil {
		return nil, nil
	}
	all := e.state.(*rankedSet).members
	var members []Member
	for i := len(all) - 1 - max(0, skip); i >= 0 && len(members) < n; i-- {
		members = append(members, all[i])
	}
	return members, nil
}

// Unrank implements Ranked.
func (m *Memory) Unrank(ctx context.Context, set string, members ...string) error {
	for _, member := range members {
		if err := CheckKey(member); err != nil {
			return err
		}
	}
	if err := m.begin(ctx, set); err != nil {
		return err
	}
	defer m.mu.Unlock()
	e := m.sets[set]
	if e == nil {
		return nil
	}
	s, freed := e.state.(*rankedSet), int64(0)
	for _, member := range members {
		freed += s.drop(member)
	}
	e.size -= freed
	if len(s.members) == 0 {
		m.remove(e)
	}
	return m.reserve(-freed)
}
