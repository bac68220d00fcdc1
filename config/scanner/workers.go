package scanner

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/passhash"
)

// workers are the controller and the proxy.
func (s *Setup) workers() error {
	var errs []error
	for name, table := range map[string]func() *option.Section{"controller": s.controller, "rspamd_proxy": s.proxy, "normal": s.normal} {
		for _, v := range s.named("worker", name) {
			errs = append(errs, table().Apply(s.tree.Value(v), s.warn))
		}
	}
	for _, v := range s.named("worker", "fuzzy") {
		if on := v.Get("count"); on != nil && !builtIn(on.Pos()) {
			s.warn(on.Errorf("worker fuzzy has no effect: there is no fuzzy storage"))
		}
	}
	for _, v := range s.named("worker", "rspamd_proxy") {
		if at := v.Get("bind_socket"); at != nil && !builtIn(at.Pos()) && v.Get("milter") == nil {
			s.warn(at.Errorf("bind_socket of the worker rspamd_proxy has no effect without milter = yes"))
		}
	}
	return errors.Join(errs...)
}

// common are keys of all workers without effect.
func common() []option.Key {
	return append(option.Idle("there is one process", "count", "max_tasks", "task_timeout", "upstream", "max_retries", "hosts", "mirror", "script", "keypair", "max_connections"),
		option.Without("the socket has no key of its own", "dynamic_modules", "ssl_cert", "ssl_key", "encrypted_only")...)
}

// controller is the table of worker-controller.inc.
func (s *Setup) controller() *option.Section {
	var sockets []Socket
	a := &s.Daemon.Access
	return &option.Section{Name: "controller", Doc: "is the HTTP API", Keys: append([]option.Key{
		listen(&sockets, "11334", "address of the HTTP API; of several the first"),
		hash("password", &a.Password, "what lets clients read and scan, as dms pw makes it; q1 lets nobody"),
		hash("enable_password", &a.EnablePassword, "what lets clients change things; without it the password does"),
		option.Networks("secure_ip", &a.Trusted, "clients that need no password"),
		option.Int("max_auth_failures", &a.MaxFailures, "wrong passwords of a client that are looked at within auth_failure_window").Or(10),
		option.Duration("auth_failure_window", &a.Window, "how long wrong passwords count").Or(time.Minute),
		option.Fixed("static_dir", "/usr/share/rspamd/www", "there are no web pages"),
	}, append(option.Without("of proxies in secure_ip the client counts that they name", "trusted_ips"), common()...)...),
		Use: func() error {
			for i, socket := range sockets {
				if !strings.HasPrefix(socket.Address, "unix:") {
					s.Daemon.Controller = socket.Address
					sockets = append(sockets[:i], sockets[i+1:]...)
					break
				}
			}
			if len(sockets) > 0 {
				s.warn(errors.New("the HTTP API listens on one address only: " + sockets[0].Address + " is left out"))
			}
			return nil
		}}
}

// hash is a key for a password or its hash.
func hash(name string, field *string, help string) option.Key {
	return option.Func(name, "string", func(v option.Value) error {
		text, err := v.AsString()
		if err == nil && passhash.Is(text) && passhash.Validate(text) != nil {
			err = v.Errorf("%w", passhash.ErrForm)
		}
		if err == nil {
			*field = text
		}
		return err
	}, help).Example("secret")
}

// proxy is the table of worker-proxy.inc.
func (s *Setup) proxy() *option.Section {
	milter := false
	var sockets []Socket
	return &option.Section{Name: "rspamd_proxy", Doc: "is where MTAs ask", Keys: append([]option.Key{
		option.Bool("milter", &milter, "speak the milter protocol; without it there is no such worker here"),
		listen(&sockets, "11332", "addresses, of which a socket's file may have mode= and owner="),
		option.String("client_ca_name", &s.Daemon.ClientCA, "issuer of client certificates whose subject counts as the user who logged in"),
		option.Bool("discard_on_reject", &s.Daemon.DiscardOnReject, "accept what is to be rejected and drop it"),
		option.Bool("quarantine_on_reject", &s.Daemon.QuarantineOnReject, "let the MTA hold what is to be rejected"),
		option.Fixed("spam_header", "X-Spam", "the header is X-Spam"),
		option.Fixed("reject_message", "Spam message rejected", "the text is Rspamd's own; force_actions has texts for single reasons"),
	}, append(common(), option.Idle("a scan has options.task_timeout, and connections the milter's limits", "timeout")...)...), Use: func() error {
		if milter {
			s.Daemon.Milter = append(s.Daemon.Milter, sockets...)
		}
		return nil
	}}
}

// normal is the table of worker-normal.inc.
func (s *Setup) normal() *option.Section {
	return &option.Section{Name: "normal", Doc: "answers /checkv2, as the HTTP API does", Keys: append(
		option.Idle("mail is scanned at the HTTP API's address, too", "bind_socket"), common()...)}
}

// listen reads bind_socket: HOST[:PORT], *[:PORT] or /path mode=0660 owner=x.
func listen(sockets *[]Socket, port, help string) option.Key {
	return option.Func("bind_socket", "list of addresses", func(v option.Value) error {
		list, err := v.AsStrings()
		if err != nil {
			return err
		}
		*sockets = nil
		for _, text := range list {
			var s Socket
			for i, word := range strings.Fields(text) {
				key, value, _ := strings.Cut(word, "=")
				switch {
				case i == 0:
					if s.Address = address(word, port); s.Address == "" {
						return v.Errorf("bind_socket: %q is no HOST:PORT and no path", word)
					}
				case key == "mode":
					s.Mode = value
				case key == "owner":
					s.Owner = value + s.Owner
				case key == "group":
					s.Owner += ":" + value
				default:
					return v.Errorf("bind_socket: %q is none of mode, owner and group", word)
				}
			}
			if s.Address == "" {
				return v.Errorf("bind_socket: an address is needed")
			}
			*sockets = append(*sockets, s)
		}
		return nil
	}, help).Example([]string{"127.0.0.1:11332"})
}

// address is what a word of bind_socket names, "" if it names none.
func address(word, port string) string {
	switch {
	case word == "systemd" || strings.HasPrefix(word, "systemd:"):
		return "systemd"
	case strings.HasPrefix(word, "/"):
		return "unix:" + word
	}
	host := word
	if i := strings.LastIndexByte(word, ':'); i >= 0 && !strings.HasSuffix(word, "]") {
		if host = word[:i]; word[i+1:] != "" {
			port = word[i+1:]
		}
	}
	host = strings.Trim(strings.TrimPrefix(host, "*"), "[]")
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 && port != "0" {
		return ""
	}
	return net.JoinHostPort(host, port)
}

// classifiers are the sections classifier.
func (s *Setup) classifiers() error {
	var errs []error
	for _, part := range s.tree.Root.Get("classifier").AsList() {
		for name, v := range part.All() {
			if v.Kind != ucl.Object || name != "bayes" {
				s.warnOwn(v, "the classifier "+name+" has no effect: there is bayes")
				continue
			}
			errs = append(errs, s.withServer(s.bayes()).Apply(s.tree.Value(v), s.warn))
		}
	}
	return errors.Join(errs...)
}
