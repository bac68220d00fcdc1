package winnow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/mail"
)

// A Session gives verdicts while the SMTP dialogue goes on: at connect, at MAIL
// FROM, at each RCPT TO and at DATA. A check runs at the step at which what it
// needs is known, and not again at a later one. A Session lives as long as the
// connection and serves any number of transactions, each of which begins with
// MailFrom.
//
// Only one goroutine may use a Session at a time. The host calls Close when the
// connection ends. An open Session does not keep its Scanner open: after the
// Scanner's Close its next step returns ErrClosed.
//
// Every step takes seeds. Those of NewSession hold for the connection, the
// others for the transaction. A later seed of the same fact replaces an earlier
// one, and checks that saw the earlier one run again.
type Session struct {
	scanner *Scanner
	conn    mail.Envelope // as at the connection's begin
	env     mail.Envelope
	seeds   []checks.Seeded // of the connection
	added   []checks.Seeded // of the transaction
	last    *scan           // the latest step of the transaction
	connect *scan           // the connection's step, kept over transactions
	line    *line           // nil without DNS
	closed  bool
	open    bool                 // a transaction is in progress
	live    *Live                // whose Scanner in force the next transaction takes, or nil
	held    bool                 // a transaction of live is open
	answers map[string]*Settings // of Options.Settings in the transaction, by address
}

// NewSession begins a session for a connection: client address and name, HELO,
// TLS and user, as far as they are known. Update adds what becomes known later.
func (s *Scanner) NewSession(conn mail.Envelope, seeds ...checks.Seeded) (*Session, error) {
	if err := s.validSeeds(seeds); err != nil {
		return nil, err
	}
	x := &Session{scanner: s, conn: conn, env: conn, seeds: slices.Clone(seeds)}
	var err error
	if x.line, err = s.newLine(); err != nil {
		return nil, err
	}
	return x, nil
}

func (s *Scanner) validSeeds(seeds []checks.Seeded) error {
	if _, err := s.plan.ValidateSeeds(seeds); err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return nil
}

// Close ends the session; it is safe to call it twice. Steps after it return
// ErrClosed.
func (x *Session) Close() {
	x.closed = true
	x.letGo()
	x.line.end()
}

// Update changes what is known of the connection (HELO, TLS, user).
func (x *Session) Update(change func(env *mail.Envelope)) {
	change(&x.conn)
	change(&x.env)
}

// Connect gives the verdict on the connection alone. A transaction that is in
// progress goes on afterwards as if nothing had happened.
func (x *Session) Connect(ctx context.Context) (*Result, error) {
	before := *x
	x.env, x.last, x.added, x.answers = x.conn, x.connect, nil, nil
	res, err := x.step(ctx, checks.Connect, nil, nil)
	x.connect = x.last
	if x.open {
		x.env, x.last, x.added, x.answers = before.env, before.last, before.added, before.answers
		if x.connect != nil {
			x.connect.tally = dnsscan.Tally{} // it counted the transaction's questions
		}
	}
	return res, err
}

// MailFrom begins a transaction, forgetting an earlier one, and gives the
// verdict on its sender; "" is the null sender.
func (x *Session) MailFrom(ctx context.Context, from string, seeds ...checks.Seeded) (*Result, error) {
	x.letGo()
	x.open = true
	x.env, x.last, x.added, x.answers = x.conn, x.connect, nil, nil
	x.env.From, x.env.HasFrom, x.env.Rcpts = from, true, nil
	return x.step(ctx, checks.MailFrom, nil, seeds)
}

// Rcpt adds a recipient and gives the verdict so far. A host that refuses the
// recipient takes it back with DropRcpt.
func (x *Session) Rcpt(ctx context.Context, rcpt string, seeds ...checks.Seeded) (*Result, error) {
	x.open = true
	x.env.Rcpts = append(slices.Clip(x.env.Rcpts), rcpt)
	return x.step(ctx, checks.Rcpt, nil, seeds)
}

// DropRcpt takes the last recipient back. Seeds that came with it stay.
func (x *Session) DropRcpt() {
	if n := len(x.env.Rcpts); n > 0 {
		x.env.Rcpts = slices.Clone(x.env.Rcpts[:n-1])
	}
}

// Data scans the message itself. The Session knows the envelope already: of
// m.Envelope only QueueID and MTAName count, where they are set.
func (x *Session) Data(ctx context.Context, m *Message, seeds ...checks.Seeded) (*Result, error) {
	if m == nil {
		return nil, fmt.Errorf("%w: nil", ErrMessage)
	}
	return x.step(ctx, checks.Data, m, seeds)
}

// step runs what can be run now and was not run before.
func (x *Session) step(ctx context.Context, ph checks.Phase, m *Message, seeds []checks.Seeded) (*Result, error) {
	if x.closed {
		return nil, ErrClosed
	}
	s, err := x.enter(ph)
	if err != nil {
		return nil, err
	}
	defer s.exit()
	if err := ctx.Err(); errors.Is(err, context.Canceled) {
		return nil, context.Cause(ctx)
	}
	if err := s.validSeeds(seeds); err != nil {
		return nil, err
	}
	x.added = append(x.added, seeds...)
	msg := x.message(m)
	if m != nil {
		r, err := s.admit(ctx, msg)
		if err != nil {
			return nil, err
		}
		defer r.release()
		if err := s.fetch(msg, r); err != nil {
			return nil, err
		}
	}
	sc, err := s.prepare(ctx, msg, slices.Concat(x.seeds, x.added), nil)
	if err != nil {
		return nil, err
	}
	sc.step, sc.skipped = ph, sc.skipped && ph == checks.Data
	if x.line != nil {
		sc.session = x.line.dns
		if ph == checks.MailFrom || ph == checks.Connect && !x.open {
			sc.session.Begin()
		}
	}
	if x.connect != nil && ph != checks.Connect {
		sc.tally = x.connect.tally
	}
	if !sc.skipped {
		sc.inherit(x.last, seeds)
	}
	sc.putOff()
	res, err := sc.run(ctx)
	if x.last = sc; ph == checks.Data {
		x.letGo()
		x.answers, x.open = nil, false
		x.last = x.connect // the transaction is over, its message need not be kept
	}
	return res, err
}

// message is what a step scans: m or, where there is none yet, nothing.
func (x *Session) message(m *Message) *Message {
	msg := Message{Body: FromBytes(nil), step: true}
	if m != nil {
		msg = *m
	}
	env := x.env
	if msg.Envelope.QueueID != "" {
		env.QueueID = msg.Envelope.QueueID
	}
	if msg.Envelope.MTAName != "" {
		env.MTAName = msg.Envelope.MTAName
	}
	if x.answers == nil && x.scanner.opt.Settings != nil {
		x.answers = map[string]*Settings{}
	}
	msg.answers = x.answers
	msg.Envelope = env
	return &msg
}

// inherit takes over what the earlier steps of a transaction found, except what
// new seeds may change.
func (s *scan) inherit(prev *scan, seeds []checks.Seeded) {
	if prev == nil {
		return
	}
	s.state.Now, s.state.Seed = prev.state.Now, prev.state.Seed
	stale := s.plan().Affected(seeds)
	for i, r := range prev.results {
		// Each recipient is looked at together with those before it.
		if r.ended && !(stale != nil && stale[i]) && s.plan().Checks()[i].Needs.Phase != checks.Rcpt {
			s.results[i] = r
			s.publish(r.out)
			s.store.inherit(prev.store, s.plan().Checks()[i].Name)
			s.record.inherit(prev.record, s.plan().Checks()[i].Name)
		}
	}
}

// putOff leaves out what can't run at the scan's step yet.
func (s *scan) putOff() {
	if s.step == checks.Data {
		return
	}
	s.skip = slices.Clone(s.skip)
	for i := range s.skip {
		s.skip[i] = s.skip[i] || !s.allowed(i)
	}
}

// allowed reports whether check i and all whose results it reads can run at
// the scan's step: what it found without them would stay.
func (s *scan) allowed(i int) bool {
	p := s.plan().Checks()[i].Needs.Phase
	if p == checks.Data || p > s.step || s.plan().Checks()[i].Stage > checks.Early {
		return false
	}
	for _, j := range s.plan().Providers(i) {
		if !s.results[j].ended && !s.allowed(j) {
			return false
		}
	}
	return true
}
