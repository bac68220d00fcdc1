package antivirus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/peer"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// maxParts bounds the parts of a message that are sent.
const maxParts = 32

// A scanner is a rule at work.
type scanner struct {
	Rule
	defs
	all      []*symbols.Def
	patterns []*regexp.Regexp
	peers    *peer.Group
	pool     *pool
}

func newScanner(r Rule, dial peer.Dialer) *scanner {
	s := &scanner{Rule: r, pool: &pool{dial: dial}}
	if dial == nil {
		s.pool.dial = new(net.Dialer).DialContext
	}
	s.defs, s.all = newDefs(&s.Rule)
	for _, p := range r.Patterns {
		s.patterns = append(s.patterns, regexp.MustCompile(p.Regexp)) // Validate compiled it
	}
	s.peers = peer.New(peer.Options{Servers: r.Servers, Dial: s.pool.connect, Timeout: r.Timeout, Tries: r.Tries})
	return s
}

func (s *scanner) check() *checks.Check {
	return &checks.Check{
		Name: "antivirus_" + strings.ToLower(s.Symbol), Doc: "has clamd look for viruses", Symbols: s.all,
		Needs: checks.Needs{Net: true, Store: s.Expire > 0}, Start: s.start, Run: s.run,
	}
}

// start has the connections that are kept closed at the end.
func (s *scanner) start(ctx context.Context, env *checks.Env) error {
	env.Go("connections of "+s.Name, func() {
		<-ctx.Done()
		s.pool.close()
	})
	return nil
}

// lead stands before whole messages: clamd knows mail by its first bytes, and the
// first field of a message is the sender's choice.
const lead = "Received: by clamav-client\r\n"

// A piece is what is sent at once.
type piece struct {
	lead string
	data []byte
	key  string // in the store
	part *mail.Part
}

func (s *scanner) run(ctx context.Context, t *checks.Task) error {
	pieces := s.pieces(t)
	known := s.recall(ctx, t, pieces)
	var open []piece
	for _, p := range pieces {
		if known[p.key] == "" && !slices.ContainsFunc(open, func(o piece) bool { return o.key == p.key }) {
			open = append(open, p)
		}
	}
	fresh := map[string]answer{}
	if len(open) > 0 {
		answers, ok := checks.Observe(t, "answers", func() []answer { return s.ask(ctx, t, open) })
		for i, p := range open {
			a := answer{Failed: "not recorded"}
			if ok && i < len(answers) {
				a = answers[i]
			}
			fresh[p.key] = a
		}
	}
	failed := map[string]bool{}
	for _, p := range pieces {
		a, asked := fresh[p.key]
		if !asked {
			a = answer{Found: known[p.key]}
		}
		if a.Failed != "" && failed[a.Failed] {
			continue // said already
		}
		failed[a.Failed] = true
		s.raise(t, p, a)
	}
	s.remember(ctx, t, fresh)
	return nil
}

// pieces are the message, or its attachments.
func (s *scanner) pieces(t *checks.Task) []piece {
	var list []piece
	tooLarge, left := 0, 0
	add := func(data []byte, digest [32]byte, p *mail.Part) {
		switch {
		case len(data) == 0:
		case len(data) > s.MaxSize:
			tooLarge++
		case len(list) == maxParts:
			left++
		default:
			lead := lead
			if p != nil {
				lead = ""
			}
			list = append(list, piece{lead, data, "rs_" + strings.ToLower(s.Name) + "_" + hex.EncodeToString(digest[:]), p})
		}
	}
	if s.Whole {
		raw := t.Message().Raw()
		if len(raw) > s.MaxSize {
			tooLarge++
		} else {
			add(raw, sha256.Sum256(raw), nil)
		}
	} else {
		for _, p := range t.Message().Parts() {
			if s.wants(p) {
				add(p.Content(), p.Digest(), p)
			}
		}
	}
	if tooLarge > 0 || left > 0 {
		t.Note(s.Name+" did not look at all of the message: it is too large, or has too many parts", s.found)
	}
	return list
}

// wants tells which parts are sent.
func (s *scanner) wants(p *mail.Part) bool {
	switch {
	case p.IsMultipart(), p.Type.Type == "message" && !p.IsAttachment():
		return false
	case p.Type.Type == "image":
		return s.Images
	case p.Text() != nil && !p.IsAttachment():
		return s.Text
	}
	return true
}

// recall returns the outcomes that the store keeps, by key.
func (s *scanner) recall(ctx context.Context, t *checks.Task, pieces []piece) map[string]string {
	known := map[string]string{}
	store := t.Store()
	if s.Expire < 0 || store == nil || len(pieces) == 0 {
		return known
	}
	keys := make([]string, len(pieces))
	for i, p := range pieces {
		keys[i] = p.key
	}
	values, err := store.GetMany(ctx, keys)
	if err != nil {
		t.Log().Debug("nothing is known from before", "err", err)
		return known
	}
	for i, v := range values {
		switch found := string(v); found {
		case "", clean, encrypted, macro:
			known[keys[i]] = found
		default:
			known[keys[i]] = printable(found)
		}
	}
	return known
}

// remember keeps what was found; what failed is asked again.
func (s *scanner) remember(ctx context.Context, t *checks.Task, fresh map[string]answer) {
	store := t.Store()
	if s.Expire < 0 || store == nil {
		return
	}
	keys := make([]string, 0, len(fresh))
	for key, a := range fresh {
		if a.Found != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := store.Set(ctx, key, []byte(fresh[key].Found), s.Expire); err != nil {
			t.Log().Debug("not remembered", "err", err)
			return
		}
	}
}

// ask sends the pieces one after the other. After one that nobody answered the
// others are not tried.
func (s *scanner) ask(ctx context.Context, t *checks.Task, pieces []piece) []answer {
	answers := make([]answer, len(pieces))
	for i, p := range pieces {
		err := s.peers.Do(ctx, func(c net.Conn) error {
			reply, err := c.(*session).scan(ctx, p.lead, p.data)
			if err == nil {
				answers[i], err = readAnswer(reply)
			}
			return err
		})
		if err == nil {
			continue
		}
		t.Log().Debug("no answer", "scanner", s.Name, "err", err)
		answers[i] = answer{Failed: why(err)}
		if !errors.Is(err, errTooLarge) {
			for j := i + 1; j < len(pieces); j++ {
				answers[j] = answers[i]
			}
			break
		}
	}
	return answers
}

// why says in few words why there is no answer: symbols are shown to people whom
// the host's addresses do not concern.
func why(err error) string {
	switch {
	case errors.Is(err, errTooLarge):
		return "larger than clamd takes"
	case errors.Is(err, errReply):
		return "unhandled response"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return "connection failed"
}

func (s *scanner) raise(t *checks.Task, p piece, a answer) {
	d, says := s.found, a.Found
	switch {
	case a.Failed != "":
		s.hit(t, s.failed, p, a.Failed)
		if s.OnFail != "" {
			t.PreResult(actions.PreResult{Action: s.OnFail, Least: true, Check: s.Name, Message: "Message could not be checked for viruses"}, s.failed)
		}
		return
	case a.Found == clean || slices.Contains(s.Ignore, a.Found):
		return
	case a.Found == encrypted:
		d, says = s.encrypted, "File is encrypted"
	case a.Found == macro:
		d, says = s.macro, "File contains macros"
	}
	if i := slices.IndexFunc(s.patterns, func(re *regexp.Regexp) bool { return re.MatchString(says) }); i >= 0 {
		d = s.defs.patterns[i]
	}
	s.hit(t, d, p, says)
	if s.Action != "" {
		text, _ := expand(s.Message, s.Name, says) // Validate expanded it
		t.PreResult(actions.PreResult{Action: s.Action, Least: s.Action != actions.Reject, Check: s.Name, Message: text}, d)
	}
}

func (s *scanner) hit(t *checks.Task, d *symbols.Def, p piece, says string) {
	t.HitAt(symbols.Hit{Def: d, Factor: 1, Options: []string{says}, Evidence: checks.Part(p.part)})
}
