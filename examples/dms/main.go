// Dms is a scanner daemon for docker-mailserver and the like: it serves
// Rspamd's /ping and /checkv2, and MTAs by the milter protocol, from one
// winnow.Scanner.
//
//	go run ./examples/dms -milter 127.0.0.1:11332 -controller 127.0.0.1:11334 -profile dms -dns system
//	curl --data-binary @mail.eml http://127.0.0.1:11334/checkv2
//
// With -sign it signs the mail of users and of the own networks with DKIM; the
// subcommand dkim makes keys for that:
//
//	go run ./examples/dms dkim domain example.com dir /etc/winnow
//	go run ./examples/dms -sign example.com:mail:/etc/winnow/dkim/rsa-2048-mail-example.com.private.txt
//
// On SIGHUP it reads again what the flags name; when that fails, what was in force
// stays. It ends on SIGTERM or SIGINT after the messages in progress, at most 50 s
// later. Under systemd it says when it is ready, and takes sockets by the names
// milter and controller. Exit codes: 0 after a signal, 1 when something failed, 2
// for wrong flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/milterheaders"
	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/resolver/dnsclient"
)

// grace is how long messages in progress may go on after a signal, and closing
// how long the rest may take then. The supervisor of docker-mailserver kills
// after 55 s.
const (
	grace   = 45 * time.Second
	closing = 5 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(called(ctx, filepath.Base(os.Args[0]), os.Args[1:], os.Stdout, os.Stderr))
}

// tune lets garbage pile up while the process is small, which saves a third of
// the CPU time of a scan, and no longer when it is not: Go's own setting
// collects several times a mail. With DNS answers in its cache the process is
// kept away from the limit, where giving memory back costs more than collecting.
// GOGC and GOMEMLIMIT overrule it.
func (c *config) tune() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	percent, limit := 600, int64(56<<20)
	if c.client != nil {
		percent, limit = 250, 44<<20
	}
	if c.state != "" {
		limit += 24 << 20 // the tables of the learner, and a copy while they are kept
	}
	if c.perUser {
		limit += 24 << 20 // they are twice as large
	}
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(limit)
}

// config is what the flags say.
type config struct {
	controller, dns, profile, maps, state string
	model                                 state.Model
	perUser                               bool
	autolearn                             autolearn
	gtube, headers                        string
	cpuProfile, clamav, user              string
	memory                                bytesFlag
	monitoring                            bool
	storeBudget                           time.Duration

	client   *dnsclient.Client // nil without -dns
	sign     signFlag
	access   accessFlags
	milter   milterFlags
	dmarc    dmarcFlags
	known    knownFlags
	kept     quarantineFlags
	greylist greylistFlags
	env      environmentFlags
	files    filesFlags
	limits   ratelimitFlags
	scanners scannerFlag
	puts     deferFlag
	history  historyFlags
	neural   neuralFlags
	own      ownStores // of modules
	logging  logFlags
	log      *log
}

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		if c, ok := commands()[args[0]]; ok {
			return c.run(ctx, args[1:], stdout, stderr)
		}
		if args[0] == "serve" {
			args = args[1:]
		}
	}
	var c config
	flags := c.flags()
	err := clearer(flags, flags.Parse(args))
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage())
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	}
	if err == nil && flags.NArg() > 0 {
		err = unexpected(flags.Arg(0))
	}
	if err == nil {
		err = errors.Join(become(c.user), c.files.defaults(flags, &c))
	}
	if err == nil {
		err = c.env.defaults(flags, c.files.setup != nil)
	}
	var o winnow.Options
	if err == nil {
		o, err = c.options()
	}
	if err == nil {
		err = companions(flags)
	}
	if err == nil {
		c.log, err = newLog(stderr, c.logging)
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms: %v\n", err)
		return 2
	}
	o.Log = c.log.Logger
	for _, w := range c.env.warnings {
		o.Log.Warn("environment: " + w)
	}
	c.files.tell(o.Log)
	c.tune()
	stop, err := startProfile(c.cpuProfile)
	if err == nil {
		err = errors.Join(c.serve(ctx, o), stop())
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms: %v\n", err)
		return 1
	}
	return 0
}

// flags are the daemon's, which fill in c.
func (c *config) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("dms", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.controller, "controller", "127.0.0.1:11334", "`address` of the HTTP API; port 0 takes a free one")
	flags.StringVar(&c.dns, "dns", "none", "whom to ask: `ADDR[,ADDR]`, system (resolv.conf) or none")
	flags.BoolVar(&c.monitoring, "monitoring", true, "look after the health of DNS lists")
	flags.StringVar(&c.profile, "profile", "rspamd", "weights and thresholds: rspamd (4.1.6), rspamd-exact, rspamd-3.4 or dms")
	flags.StringVar(&c.maps, "maps", "builtin", "lists of facts such as freemail domains: builtin, bundled (those of Rspamd) or none")
	flags.StringVar(&c.gtube, "gtube", "", "test `patterns` that are recognised: default (GTUBE, which rejects), all (YJS, ZJS and AJS too) or disable")
	flags.StringVar(&c.headers, "headers", "", "headers to add: extended (X-Spamd-Result and its kin), none, or `NAME,…` of "+strings.Join(milterheaders.Routines(), ", ")+
		"; by default extended with -profile dms, else none")
	flags.StringVar(&c.state, "state", "", state.Usage)
	flags.StringVar(&c.model.Name, "model", "fused", state.ModelUsage)
	flags.StringVar(&c.model.Classes, "classes", "", state.ClassesUsage)
	flags.BoolVar(&c.perUser, "per-user", false, "learn and ask for single users as well: whom Deliver-To names (rspamc -d), else the only recipient; "+
		"what was learned without it stays apart")
	flags.StringVar((*string)(&c.autolearn), "autolearn", "off", autolearnUsage)
	c.dmarc.register(flags)
	c.known.register(flags)
	c.kept.register(flags)
	flags.Var(&c.memory, "memory", "`bytes` that messages in work may take, such as 256MiB; more wait; 0 means no bound")
	flags.DurationVar(&c.storeBudget, "store-budget", winnow.DefaultStoreBudget, "how long one scan waits for the state in all, and goes on without it then; negative: as long as it takes")
	flags.StringVar(&c.user, "user", "", "give up the rights of root for those of a user, `NAME[:GROUP]`")
	flags.StringVar(&c.cpuProfile, "cpuprofile", "", "`file` for a profile of the CPU time from start to end")
	c.access.register(flags)
	c.milter.register(flags)
	c.history.register(flags)
	c.neural.register(flags)
	flags.StringVar(&c.clamav, "clamav", "", "have clamd look for viruses, `ADDR` or unix:PATH, several with commas; mail with one is rejected")
	flags.Var(&c.scanners, "scanner", "ask a scanner, `TYPE@ADDRESS[,ADDRESS]` of "+scannerTypes()+"; its symbols have no weight of their own; may be repeated")
	c.greylist.register(flags)
	c.env.register(flags)
	c.files.register(flags)
	c.limits.register(flags)
	flags.Var(&c.puts, "defer", "put mail of a sender off with a text, `ADDRESS=TEXT`; may be repeated")
	c.logging.register(flags)
	flags.Var(&c.sign, "sign", "sign outgoing mail with the key `DOMAIN:SELECTOR:KEYFILE`; may be repeated")
	return flags
}

// companions refuses flags that say nothing without another one.
func companions(flags *flag.FlagSet) error {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for _, c := range []struct{ needs, list string }{
		{"clamav", "clamav-max-size"},
		{"config", "maps-cache-dir watch"},
		{"dmarc-reports", dmarcCompanions},
		{"greylist", "greylist-timeout"},
		{"history", "history-key history-hash"},
		{"quarantine", quarantineCompanions},
		{"state", "per-user autolearn model classes quarantine history neural greylist"},
		{"state", "ratelimit user-limit"},
		{"milter", "client-ca milter-mode milter-owner milter-fail-open discard-on-reject quarantine-on-reject"},
	} {
		for name := range strings.FieldsSeq(c.list) {
			if given[name] && !given[c.needs] {
				return fmt.Errorf("-%s needs -%s", name, c.needs)
			}
		}
	}
	return nil
}

// startProfile writes a profile to file until stop, if there is a file.
func startProfile(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		return nil, fmt.Errorf("-cpuprofile: %w", err)
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
