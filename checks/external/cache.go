package external

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/winnowmail/winnow/checks"
)

// key is what the store keeps the answer under.
func (s *scanner) key(q *question) string {
	id := q.ip.String()
	if !s.client {
		digest := sha256.Sum256(q.data)
		id = hex.EncodeToString(digest[:])
	}
	return "rs_" + strings.ToLower(s.Symbol) + "_" + id
}

// recall returns the answers that the store keeps, by key.
func (s *scanner) recall(ctx context.Context, t *checks.Task, questions []*question) map[string]answer {
	known := map[string]answer{}
	store := t.Store()
	if s.Expire <= 0 || store == nil {
		return known
	}
	keys := make([]string, len(questions))
	for i, q := range questions {
		keys[i] = s.key(q)
	}
	values, err := store.GetMany(ctx, keys)
	if err != nil {
		t.Log().Debug("nothing is known from before", "err", err)
		return known
	}
	for i, v := range values {
		var a answer
		if len(v) > 0 && json.Unmarshal(v, &a) == nil && a.Failed == "" {
			known[keys[i]] = a.bounded()
		}
	}
	return known
}

// remember keeps an answer; what failed is asked again.
func (s *scanner) remember(ctx context.Context, t *checks.Task, q *question, a answer) {
	store := t.Store()
	if s.Expire <= 0 || store == nil || a.Failed != "" {
		return
	}
	v, err := json.Marshal(a)
	if err == nil {
		err = store.Set(ctx, s.key(q), v, s.Expire)
	}
	if err != nil {
		t.Log().Debug("not remembered", "err", err)
	}
}
