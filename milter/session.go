package milter

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	protocol "github.com/d--j/go-milter"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/internal/intake"
	"github.com/winnowmail/winnow/mail"
)

// A session is one connection of an MTA, over any number of clients and
// messages. The library calls its methods one after the other. Macros are
// copied when they come: the library forgets those of HELO with the first
// message.
type session struct {
	protocol.NoOpMilter
	server *Server
	client mail.Envelope // what is known before MAIL
	daemon string
	agent  string
	early  *winnow.Session // of the client; nil where none is wanted
	mail   *intake.Message // nil between messages
}

// guarded runs a callback. If it panics the message is lost, not the
// connection.
func (x *session) guarded(do func() *protocol.Response) (resp *protocol.Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			x.message().Fail(x.server.panicked(v))
			resp = protocol.RespTempFail
		}
	}()
	return do(), nil
}

// NewConnection is called for the connection's first client, and for each
// other that comes over the same connection.
func (x *session) NewConnection(protocol.Modifier) error {
	x.forget()
	x.client, x.daemon, x.agent = mail.Envelope{}, "", ""
	return nil
}

// Cleanup is called when the connection is over.
func (x *session) Cleanup(protocol.Modifier) {
	x.forget()
	x.server.sessions.Done()
}

// Abort ends a message, the client stays.
func (x *session) Abort(protocol.Modifier) error {
	x.forget()
	return nil
}

// forget ends the message in hand, and its steps so far.
func (x *session) forget() {
	if x.mail != nil {
		x.mail.Abort()
		x.mail = nil
	}
	if x.early != nil {
		x.early.Close()
		x.early = nil
	}
}

// message returns the message in hand; it begins one where the MTA left MAIL out.
func (x *session) message() *intake.Message {
	if x.mail == nil {
		x.mail = intake.New(x.server.ctx, x.client, x.server.o.Limits.Message, x.scan)
	}
	return x.mail
}

// scan gives the verdict on a whole message; a panic is an error.
func (x *session) scan(ctx context.Context, m *winnow.Message) (res *winnow.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			res, err = nil, x.server.panicked(v)
		}
	}()
	if x.early != nil {
		return x.early.Data(ctx, m)
	}
	return x.server.o.Scanner.Scan(ctx, m)
}

func (x *session) Connect(host, _ string, _ uint16, addr string, m protocol.Modifier) (*protocol.Response, error) {
	return x.guarded(func() *protocol.Response {
		x.client = mail.Envelope{ClientName: host}
		x.client.ClientIP = addrOf(addr)
		x.learn(m)
		x.daemon, x.agent = m.Get(protocol.MacroDaemonName), m.Get(protocol.MacroMTAVersion)
		if !x.server.o.Early.Connect {
			return protocol.RespContinue
		}
		return x.step(m, "", func(s *winnow.Session) (*winnow.Result, error) { return s.Connect(x.server.ctx) })
	})
}

func (x *session) Helo(name string, m protocol.Modifier) (*protocol.Response, error) {
	return x.guarded(func() *protocol.Response {
		x.client.Helo, x.client.TLS = name, mail.TLS{}
		x.learn(m)
		return protocol.RespContinue
	})
}

func (x *session) MailFrom(from, args string, m protocol.Modifier) (*protocol.Response, error) {
	return x.guarded(func() *protocol.Response {
		x.learn(m)
		x.mail = nil
		msg := x.message()
		msg.Envelope.From, msg.Envelope.HasFrom, msg.Announced = from, true, announced(args)
		msg.Envelope.User, msg.Envelope.QueueID = x.user(m), m.Get(protocol.MacroQueueId)
		if early := x.server.o.Early; !early.Mail && !early.Rcpt {
			return protocol.RespContinue
		}
		resp := x.step(m, "", func(s *winnow.Session) (*winnow.Result, error) { return s.MailFrom(x.server.ctx, from) })
		if !x.server.o.Early.Mail {
			return protocol.RespContinue
		}
		return resp
	})
}

func (x *session) RcptTo(to, _ string, m protocol.Modifier) (*protocol.Response, error) {
	return x.guarded(func() *protocol.Response {
		if m.Get(protocol.MacroRcptMailer) == "error" { // the MTA has refused it
			return protocol.RespContinue
		}
		msg, resp := x.message(), protocol.RespContinue
		if early := x.server.o.Early; early.Mail || early.Rcpt {
			resp = x.step(m, to, func(s *winnow.Session) (*winnow.Result, error) { return s.Rcpt(x.server.ctx, to) })
			if early.Rcpt && !resp.Continue() {
				x.early.DropRcpt()
				return resp
			}
			resp = protocol.RespContinue
		}
		msg.Envelope.Rcpts = append(msg.Envelope.Rcpts, to)
		return resp
	})
}

// step asks for a verdict before the message is there.
func (x *session) step(m protocol.Modifier, rcpt string, ask func(*winnow.Session) (*winnow.Result, error)) *protocol.Response {
	var err error
	if x.early == nil {
		x.early, err = x.server.o.Scanner.NewSession(x.client)
	}
	var res *winnow.Result
	if err == nil {
		x.early.Update(func(env *mail.Envelope) {
			known := x.client
			known.User = x.user(m)
			known.From, known.HasFrom, known.Rcpts, known.QueueID = env.From, env.HasFrom, env.Rcpts, env.QueueID
			*env = known
		})
		x.whileAt(m, func() { res, err = ask(x.early) })
	}
	if err != nil {
		x.server.log.Error("milter: early verdict", "err", err)
		return protocol.RespContinue
	}
	return x.reply(res.For(rcpt).Reply)
}

func (x *session) Data(m protocol.Modifier) (*protocol.Response, error) {
	return x.guarded(func() *protocol.Response { x.queueID(m); return protocol.RespContinue })
}

func (x *session) Header(name, value string, m protocol.Modifier) (*protocol.Response, error) {
	return x.guarded(func() *protocol.Response {
		x.message().Field(name, value, m.Protocol()&protocol.OptHeaderLeadingSpace != 0)
		return protocol.RespContinue
	})
}

func (x *session) Headers(m protocol.Modifier) (*protocol.Response, error) {
	return x.guarded(func() *protocol.Response {
		x.queueID(m)
		x.message().EndHeader()
		return protocol.RespContinue
	})
}

func (x *session) BodyChunk(chunk []byte, _ protocol.Modifier) (*protocol.Response, error) {
	return x.guarded(func() *protocol.Response { x.message().Write(chunk); return protocol.RespContinue })
}

func (x *session) EndOfMessage(m protocol.Modifier) (*protocol.Response, error) {
	return x.guarded(func() *protocol.Response {
		x.queueID(m)
		defer x.forget()
		return x.finish(m)
	})
}

func (x *session) queueID(m protocol.Modifier) {
	if id := m.Get(protocol.MacroQueueId); id != "" {
		x.message().Envelope.QueueID = id
	}
}

// learn notes what the macros tell about the client and the MTA. {client_name}
// takes precedence over the name that came with the connection, as in Rspamd.
func (x *session) learn(m protocol.Modifier) {
	e := &x.client
	for _, macro := range []struct {
		name protocol.MacroName
		to   *string
	}{
		{protocol.MacroClientName, &e.ClientName}, {protocol.MacroMTAFQDN, &e.MTAName},
		{protocol.MacroTlsVersion, &e.TLS.Version}, {protocol.MacroCipher, &e.TLS.Cipher},
		{protocol.MacroCertSubject, &e.TLS.CertSubject}, {protocol.MacroCertIssuer, &e.TLS.CertIssuer},
	} {
		if v := m.Get(macro.name); v != "" {
			*macro.to = v
		}
	}
	if !e.ClientIP.IsValid() {
		e.ClientIP = addrOf(m.Get(protocol.MacroClientAddr))
	}
	if e.ClientName == "unknown" || strings.HasPrefix(e.ClientName, "[") { // Postfix's and Sendmail's ways to say that there is none
		e.ClientName = ""
	}
}

// macroVerify is Sendmail's, what became of verifying the client's certificate.
const macroVerify protocol.MacroName = "{verify}"

// user is who logged in, or else whom a client certificate names.
func (x *session) user(m protocol.Modifier) string {
	if user := m.Get(protocol.MacroAuthAuthen); user != "" {
		return user
	}
	verified := m.Get(macroVerify)
	if ca := x.server.o.ClientCA; ca != "" && x.client.TLS.CertIssuer == ca && (verified == "" || verified == "OK") {
		return x.client.TLS.CertSubject
	}
	return ""
}

// addrOf reads an address; that of a socket is none.
func addrOf(s string) netip.Addr {
	ip, err := netip.ParseAddr(strings.Trim(strings.TrimPrefix(s, "IPv6:"), "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return ip.WithZone("").Unmap()
}

// announced is the size that MAIL's arguments announce (RFC 1870), -1 if none.
func announced(args string) int64 {
	for arg := range strings.FieldsSeq(args) {
		if name, v, _ := strings.Cut(arg, "="); strings.EqualFold(name, "SIZE") {
			if n, err := strconv.ParseInt(v, 10, 64); err == nil && n > 0 {
				return n
			}
		}
	}
	return -1
}
