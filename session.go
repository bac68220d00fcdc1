package winnow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// A ScanSession gives verdicts while the SMTP dialogue goes on: what is known
// at a phase is checked then, and not again at DATA. One goroutine uses it at
// a time; Close ends it.
type ScanSession struct {
	scanner *Scanner
	conn    mail.Envelope // as at the connection's begin
	env     mail.Envelope
	seeds   []checks.Seeded
	last    *scan // the latest phase of the transaction
	connect *scan // the connection's phase, kept over transactions
	dns     *resolver.Session
	cancel  context.CancelFunc
}

// NewSession begins a session for a connection: client address and name,
// HELO, TLS, user, as far as they are known. Update tells what comes later.
func (s *Scanner) NewSession(conn mail.Envelope, seeds ...checks.Seeded) (*ScanSession, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	x := &ScanSession{scanner: s, conn: conn, env: conn, seeds: slices.Clone(seeds), cancel: func() {}}
	if s.opt.DNS.Enabled() {
		ctx, cancel := context.WithCancel(context.Background())
		x.dns, x.cancel = resolver.NewSession(ctx, s.opt.DNS), cancel
	}
	return x, nil
}

// Close ends the session; it is safe to call it twice.
func (x *ScanSession) Close() {
	if x.scanner == nil {
		return
	}
	x.cancel()
	if x.dns != nil {
		(&scan{scanner: x.scanner, session: x.dns}).hangUp()
	}
	x.scanner.exit()
	x.scanner = nil
}

// errSession is returned after Close.
var errSession = errors.New("winnow: session is closed")

// Update changes what is known of the connection (HELO, TLS, user).
func (x *ScanSession) Update(change func(env *mail.Envelope)) {
	change(&x.conn)
	change(&x.env)
}

// Connect gives the verdict on the connection alone.
func (x *ScanSession) Connect(ctx context.Context) (*Result, error) {
	res, err := x.phase(ctx, checks.Connect, nil)
	x.connect = x.last
	return res, err
}

// MailFrom begins a transaction, forgetting an earlier one, and gives the
// verdict on its sender; "" is the null sender.
func (x *ScanSession) MailFrom(ctx context.Context, from string) (*Result, error) {
	x.env, x.last = x.conn, x.connect
	x.env.From, x.env.HasFrom, x.env.Rcpts = from, true, nil
	return x.phase(ctx, checks.MailFrom, nil)
}

// Rcpt adds a recipient and gives the verdict so far. A host that refuses the
// recipient takes it back with DropRcpt.
func (x *ScanSession) Rcpt(ctx context.Context, rcpt string) (*Result, error) {
	x.env.Rcpts = append(slices.Clip(x.env.Rcpts), rcpt)
	return x.phase(ctx, checks.Rcpt, nil)
}

// DropRcpt takes the last recipient back.
func (x *ScanSession) DropRcpt() {
	if n := len(x.env.Rcpts); n > 0 {
		x.env.Rcpts = slices.Clone(x.env.Rcpts[:n-1])
	}
}

// Data scans the message itself. m.Envelope is ignored, but for QueueID and
// MTAName where it has them.
func (x *ScanSession) Data(ctx context.Context, m *Message) (*Result, error) {
	if m == nil {
		return nil, fmt.Errorf("%w: nil", ErrMessage)
	}
	return x.phase(ctx, checks.Data, m)
}

// phase runs what can be run now and was not run before.
func (x *ScanSession) phase(ctx context.Context, ph checks.Phase, m *Message) (*Result, error) {
	if x.scanner == nil {
		return nil, errSession
	}
	if err := ctx.Err(); errors.Is(err, context.Canceled) {
		return nil, context.Cause(ctx)
	}
	msg := Message{Body: FromBytes(nil)}
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
	msg.Envelope = env
	sc, err := x.scanner.prepare(&msg, x.seeds, nil)
	if err != nil {
		return nil, err
	}
	sc.session, sc.skipped = x.dns, sc.skipped && ph == checks.Data
	sc.inherit(x.last, ph)
	res, err := sc.run(ctx)
	x.last = sc
	return res, err
}

// inherit takes over what the earlier phases of a transaction found, and puts
// off what the phase does not allow yet.
func (s *scan) inherit(prev *scan, ph checks.Phase) {
	if prev != nil {
		s.state.Now, s.state.Seed = prev.state.Now, prev.state.Seed
		for i, r := range prev.results {
			// Each recipient is looked at together with those before it.
			if r.ended && s.plan().Checks()[i].Needs.Phase != checks.Rcpt {
				s.results[i] = r
				s.state.Publish(s.plan(), r.out)
			}
		}
	}
	if ph == checks.Data {
		return
	}
	for i := range s.skip {
		s.skip[i] = s.skip[i] || !s.allowed(i, ph)
	}
}

// allowed reports whether check i and all whose results it reads can run at
// ph: what it found without them would stay.
func (s *scan) allowed(i int, ph checks.Phase) bool {
	p := s.plan().Checks()[i].Needs.Phase
	if p == checks.Data || p > ph || s.plan().Checks()[i].Stage > checks.Early {
		return false
	}
	for _, j := range s.plan().Providers(i) {
		if !s.results[j].ended && !s.allowed(j, ph) {
			return false
		}
	}
	return true
}
