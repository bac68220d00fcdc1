package quarantine

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
)

// A keeper is the After at work.
type keeper struct {
	Options
	keys []age.Recipient
}

func (k *keeper) start(context.Context, *checks.Env) (err error) {
	if err := k.Validate(); err != nil {
		return err
	}
	k.keys, err = k.recipients()
	return err
}

func (k *keeper) run(ctx context.Context, r *winnow.Result) error {
	items := k.items(r)
	if len(items) == 0 {
		return nil
	}
	raw := r.Message().Raw()
	if len(raw) > k.MaxMessage {
		return fmt.Errorf("%w: %d bytes", ErrTooLong, len(raw))
	}
	body, err := k.seal(raw)
	if err != nil {
		return err
	}
	for _, item := range items {
		item.ID = rand.Text()
		if err := k.keep(ctx, item, body); err != nil {
			return err
		}
	}
	return nil
}

// items are the copies to be made of a message: one for each action that is
// kept, more where it has many recipients.
func (k *keeper) items(r *winnow.Result) (all []Item) {
	rcpts, verdicts := map[actions.Action][]string{}, map[actions.Action]*winnow.Verdict{}
	for _, rcpt := range r.Message().Envelope().Rcpts {
		v := r.For(rcpt)
		rcpts[v.Action] = append(rcpts[v.Action], rcpt)
		verdicts[v.Action] = v
	}
	if len(verdicts) == 0 {
		verdicts[r.Action] = &r.Verdict
	}
	for _, action := range k.Actions {
		v, ok := verdicts[action]
		if !ok {
			continue
		}
		item := itemOf(r, v)
		if len(rcpts[action]) == 0 {
			all = append(all, item)
		}
		for some := range slices.Chunk(rcpts[action], maxRcpts) {
			item.Rcpts = some
			all = append(all, item)
		}
	}
	return all
}

func itemOf(r *winnow.Result, v *winnow.Verdict) Item {
	e, h := r.Message().Envelope(), r.Message().Header()
	item := Item{
		Time: r.Time, From: e.From, Helo: cut(e.Helo), QueueID: cut(e.QueueID), HeaderFrom: cut(h.Text("From")), To: cut(h.Text("To")),
		Subject: cut(h.Text("Subject")), MessageID: cut(h.Value("Message-ID")), Action: v.Action, Score: v.Score, Size: len(r.Message().Raw()),
	}
	if e.ClientIP.IsValid() {
		item.Client = e.ClientIP.String()
	}
	for _, s := range v.Symbols {
		item.Symbols = append(item.Symbols, s.Name)
	}
	return item
}

func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxText)], "") }

// keep stores a copy, whose message is sealed.
func (k *keeper) keep(ctx context.Context, item Item, body []byte) error {
	head, err := json.Marshal(item)
	if err != nil {
		return err
	}
	if head, err = k.seal(head); err != nil {
		return err
	}
	s := shelf{k.Store}
	total, err := s.put(ctx, item.ID, head, body, k.Lasts)
	if err != nil {
		return fmt.Errorf("quarantine: %w", err)
	}
	if err := s.bound(ctx, bounds{k.MaxMessages, k.MaxBytes, item.Time.Add(-k.Lasts)}, total); err != nil {
		return fmt.Errorf("quarantine: old copies: %w", err)
	}
	return nil
}

// seal compresses and encrypts.
func (k *keeper) seal(data []byte) ([]byte, error) {
	var b bytes.Buffer
	sealed, err := age.Encrypt(&b, k.keys...)
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	z := gzip.NewWriter(sealed)
	for _, step := range []func() error{
		func() error { _, err := z.Write(data); return err }, z.Close, sealed.Close,
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("quarantine: %w", err)
		}
	}
	return b.Bytes(), nil
}

// open is the reverse of seal; what is longer than limit is an error.
func open(sealed []byte, limit int, ids []age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), ids...)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(z, int64(limit)+1))
	if err == nil && len(data) > limit {
		err = fmt.Errorf("longer than %d bytes", limit)
	}
	return data, err
}
