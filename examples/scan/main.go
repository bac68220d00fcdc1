// Scan scans mail from files, directories, mboxes and standard input and says
// what it thinks of each message and why.
//
//	go run ./examples/scan testdata/spam.eml
//	go run ./examples/scan -explain testdata/spam.eml
//	go run ./examples/scan -json ~/Maildir >results.jsonl
//	go run ./examples/scan learn spam -state DIR ~/Maildir/.Junk
//	go run ./examples/scan unsure -state DIR
//	go run ./examples/scan learn ham -state DIR -id MESSAGE-ID
//	go run ./examples/scan stats -state DIR
//	go run ./examples/scan -dns system -ip 192.0.2.1 -from a@example.org mail.eml
//
// One message is reported in full, several with a line each (-v: in full) and
// a summary. -json prints one object in the form of Rspamd's /checkv2 a line,
// with the file's name in "file"; the messages of an mbox are named FILE#1,
// FILE#2 and so on. No network is used but DNS, with -dns, and clamd, with -clamav.
//
// "learn ham", "learn spam" (or one of -classes) and "unlearn" teach what is kept in -state, which scans
// with the same -state ask; "stats" tells how much that is. A message counts once.
// What can't be read or is too large is told and passed over. When "learn" was
// interrupted, the same command goes on behind the last 2,048 messages that it
// learned; -restart begins anew.
//
// "export FILE" saves what was learned; "restore FILE" brings it back in any -state
// (-replace: in the place of what was learned there) and "reset" forgets it. "import
// rspamd", "bogofilter" and "spamassassin" take over what those learned, out of the
// output of rspamadm statistics_dump dump (with -b above the number of keys) or
// Rspamd's Redis (redis://HOST), bogoutil -d and sa-learn --backup, for the models osb
// and osb34, or naive.
//
// Exit codes: 0 every message was scanned, whatever the verdict; 1 something
// could not be read or scanned (it is named on standard error, the rest was
// scanned); 2 wrong flags; 3 with -fail-on, when all were scanned, some
// verdict was that severe.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/bayes/archive"
	"github.com/winnowmail/winnow/checks/antivirus"
	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver/dnsclient"
	"github.com/winnowmail/winnow/storage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(200 << 20) // collect early rather than grow with a few huge mails
	}
	p := program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		colour:   terminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		progress: terminal(os.Stderr),
	}
	os.Exit(p.run(ctx, os.Args[1:]))
}

func terminal(f *os.File) bool {
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}

// A program is one call of the command.
type program struct {
	stdin            io.Reader
	stdout, stderr   io.Writer
	colour, progress bool

	envelope               mail.Envelope
	json, explain, verbose bool
	failOn                 string
	jobs                   int
	profile, maps, dns     string
	gtube, clamav          string
	state                  string
	model                  state.Model
	lesson                 lesson
	paths                  []string
	quoting                archive.Quoting
	restart                bool
	batch                  int // messages that are learned together, 0 means usualBatch
	keep                   keepCommand

	client *dnsclient.Client // nil without -dns
}

// errHelp tells that the help was asked for and printed.
var errHelp = errors.New("help")

func (p *program) run(ctx context.Context, args []string) int {
	args, err := p.words(args)
	var options winnow.Options
	if err == nil {
		options, err = p.parse(args)
	}
	if errors.Is(err, errHelp) {
		return 0
	}
	if p.client != nil {
		defer p.client.Close()
	}
	var store storage.Store
	if err == nil {
		store, err = state.Open(ctx, p.state, slog.New(slog.NewTextHandler(p.stderr, nil)))
		if store != nil {
			defer store.Close()
			options.Store = store
			if done, err := p.alone(ctx, store); done {
				return p.said(err)
			}
			if options.Classifiers, err = p.model.Classifiers(store); err != nil {
				return p.said(err)
			}
			if p.model.Fused() {
				if options.Learner, err = p.learner(ctx, store); options.Learner != nil {
					defer options.Learner.Close()
				}
			}
		}
	}
	if err == nil && p.lesson.list != "" && p.model.Fused() {
		return p.said(p.known(ctx, options.Learner))
	}
	if err == nil && p.keep.verb != "" {
		return p.said(p.kept(ctx, options.Learner))
	}
	var scanner *winnow.Scanner
	if err == nil {
		scanner, err = winnow.New(options)
	}
	if err != nil {
		fmt.Fprintf(p.stderr, "scan: %v\n", err)
		return 2
	}
	if len(p.lesson.ids) > 0 {
		defer p.close(scanner)
		return p.teachRecent(ctx, scanner)
	}
	if p.lesson.list != "" {
		defer p.close(scanner)
		return p.said(p.lessonsOf(ctx, scanner))
	}
	if p.lesson.class != "" && p.model.Fused() {
		return p.learnAll(ctx, scanner, options.Learner, store)
	}
	return p.scanAll(ctx, scanner)
}

// said tells an error and returns the exit code.
func (p *program) said(err error) int {
	if err != nil {
		fmt.Fprintf(p.stderr, "scan: %v\n", err)
		return 1
	}
	return 0
}

// parse reads the command line.
func (p *program) parse(args []string) (winnow.Options, error) {
	var o winnow.Options
	flags := flag.NewFlagSet("scan", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&p.json, "json", false, "print a /checkv2 object a line")
	flags.BoolVar(&p.explain, "explain", false, "print the evidence of each symbol and how the score came about")
	flags.BoolVar(&p.verbose, "v", false, "report each of several messages in full")
	flags.StringVar(&p.failOn, "fail-on", "", "exit with code 3 when a verdict is this `action` or a more severe one (greylist, add header, reject …)")
	flags.IntVar(&p.jobs, "j", runtime.GOMAXPROCS(0), "`messages` scanned at the same time")
	flags.StringVar(&p.profile, "profile", "rspamd", "weights and thresholds: rspamd (4.1.6), rspamd-exact, rspamd-3.4 or dms")
	flags.StringVar(&p.maps, "maps", "builtin", "lists of facts such as freemail domains: builtin, bundled (those of Rspamd) or none")
	flags.StringVar(&p.gtube, "gtube", "default", "test `patterns` that are recognised: default (GTUBE, which rejects), all (YJS, ZJS and AJS too) or disable")
	flags.StringVar(&p.dns, "dns", "none", "whom to ask: `ADDR[,ADDR]`, system (resolv.conf) or none")
	flags.StringVar(&p.clamav, "clamav", "", "have clamd look for viruses, `ADDR` or unix:PATH, several with commas")
	flags.StringVar(&p.state, "state", "", state.Usage)
	flags.StringVar(&p.model.Name, "model", "fused", state.ModelUsage)
	flags.StringVar(&p.model.Classes, "classes", "", state.ClassesUsage)
	flags.Func("mbox", "what mboxes put before lines that begin with \"From \": `mboxrd` (usual), mboxo or mboxcl2", func(v string) (err error) {
		p.quoting, err = archive.ParseQuoting(v)
		return err
	})
	flags.BoolVar(&p.keep.replace, "replace", false, "restore over what was learned, which is lost")
	flags.BoolVar(&p.restart, "restart", false, "learn from the beginning what was interrupted")
	p.lesson.flags(flags)
	env := &p.envelope
	flags.Func("ip", "`address` of the SMTP client", func(v string) (err error) {
		env.ClientIP, err = netip.ParseAddr(v)
		return err
	})
	flags.StringVar(&env.Helo, "helo", "", "`name` the client gave in HELO")
	flags.StringVar(&env.ClientName, "hostname", "", "`name` of the client by reverse DNS")
	flags.StringVar(&env.User, "user", "", "authenticated `user`")
	flags.Func("from", "envelope sender `address`, <> for the null sender", func(v string) error {
		env.From, env.HasFrom = strings.Trim(v, "<>"), true
		return nil
	})
	flags.Func("rcpt", "envelope recipient `address`; may be repeated", func(v string) error {
		env.Rcpts = append(env.Rcpts, strings.Trim(v, "<>"))
		return nil
	})
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(p.stdout, "usage: scan [flags] [file | directory | mbox | -] …\n       scan learn ham|spam|CLASS -state … [flags] [file | directory | mbox | -] …\n       scan unlearn -state … [flags] …\n       scan stats|unsure -state …\n       scan users export|reset|forget USER -state …\n       scan export|restore|reset -state … [flags] [file]\n       scan import rspamd|bogofilter|spamassassin -state … [file | redis://HOST | -]")
		flags.SetOutput(p.stdout)
		flags.PrintDefaults()
		return o, errHelp
	}
	if err != nil {
		return o, fmt.Errorf("%w (scan -help lists the flags)", err)
	}
	p.paths = flags.Args()
	if len(p.paths) == 0 {
		p.paths = []string{"-"}
	}
	return p.check(o)
}

// check validates what the flags say and makes the Scanner's options of it.
func (p *program) check(o winnow.Options) (winnow.Options, error) {
	chosen, err := winnow.ProfileNamed(p.profile)
	if err != nil {
		return o, err
	}
	o.Profile = chosen
	families := standard.Options{RBL: rbl.Options{NoMonitoring: true}} // for a few mails
	if families, err = families.WithMaps(p.maps); err != nil {
		return o, fmt.Errorf("-maps: %w", err)
	}
	if families.GTUBE, err = gtube.ParseOptions(p.gtube); err != nil {
		return o, fmt.Errorf("-gtube: %w", err)
	}
	if families.Antivirus, err = antivirus.ParseServers(p.clamav); err != nil {
		return o, fmt.Errorf("-clamav: %w", err)
	}
	o.Families = standard.Families(families)
	if p.dns != "none" {
		if p.client, err = dnsclient.New(dnsclient.Options{Servers: strings.Split(p.dns, ",")}); err != nil {
			return o, fmt.Errorf("-dns: %w", err)
		}
		o.DNS.Resolver = p.client
	}
	if p.jobs < 1 {
		return o, fmt.Errorf("-j %d: at least one", p.jobs)
	}
	if err := errors.Join(p.lesson.check(p), p.keep.check(p)); err != nil {
		return o, err
	}
	if p.json && (p.explain || p.verbose) {
		return o, errors.New("-json does not go with -explain or -v")
	}
	p.failOn = strings.ReplaceAll(p.failOn, "_", " ")
	if p.failOn != "" && severity(actions.Action(p.failOn)) == 0 {
		return o, fmt.Errorf("-fail-on %q is no action: greylist, add header, rewrite subject, soft reject and reject are", p.failOn)
	}
	return o, nil
}

// severity orders the actions; 0 is none or an unknown one.
func severity(a actions.Action) int {
	switch a {
	case actions.Greylist:
		return 1
	case actions.AddHeader:
		return 2
	case actions.RewriteSubject:
		return 3
	case actions.SoftReject:
		return 4
	case actions.Quarantine:
		return 5
	case actions.Reject, actions.Discard:
		return 6
	}
	return 0
}
