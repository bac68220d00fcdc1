package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/bayes/fused"
)

// options are the flags of eval.
type options struct {
	corpus, index, only string
	models, baselines   []string
	json                bool
	bits                int
	regime              regime
	noSymbols           bool
	windows             bool
	prior               string
	known               *fused.Prior // what prior names
	shuffles            int
	worst               int
}

const evalHelp = `usage: lab eval -corpus DIR [-index FILE] [flags]

Each message is judged and then learned, as far as the flags say. A row is a corpus in the
order of dates, or the mean of its shuffles:

  1-AUC %     pairs of a ham and a spam that are in the wrong order
  missed      spam in percent where .1 % and 1 % of the ham is hit, after the first 1,000 messages
  errors      at probability 1/2 in the first 50, 100, 200 and 500 messages
  Brier, ECE  of the probabilities, after the first 1,000 messages where there are more
  writes %    messages whose lesson changed the model
  bytes       written a message: the events of fused, what the store grew by for others
  µs          a message, to extract features of what was parsed and to judge; whole calls of baselines
  MiB         of the tables, or what the store grew to

With -json they are corpus, order (date or shuffle), model, regime, n, auc_error, miss_fp01,
miss_fp1, errors, brier, ece, us, write_share (0 to 1) and table_bytes; regime is "all" or
what the flags change.

`

// evalFlags declares the flags. Lists are checked by check.
func (o *options) evalFlags(fs *flag.FlagSet) (check func() error) {
	r := &o.regime
	fs.StringVar(&o.corpus, "corpus", "", "`DIR` that the paths of the index start from")
	fs.StringVar(&o.index, "index", "", "`FILE` of labels, corpora and paths, separated by tabs below a header line of these names (default DIR/index.tsv)")
	fs.StringVar(&o.only, "only", "", "comma-separated `NAMES` of corpora to read (default all that have ham and spam)")
	model := fs.String("model", "fused", "comma-separated `MODELS`: fused, osb (Rspamd 4.1.6's formula), osb34 (that of 3.4), naive, "+strings.Join(sums(), ", ")+" (sums of what symbols count), or none for baselines alone")
	baseline := fs.String("baseline", "", "comma-separated other `FILTERS` to run on the same messages in the same order: rspamd and bogofilter. They are the\nprograms of that name (rspamd with redis-server), in a directory and on ports of their own; what is not installed is left out with a warning")
	fs.IntVar(&o.shuffles, "shuffles", 3, "shuffled orders, of which the figures are means; 0 for the order by date alone")
	fs.BoolVar(&o.json, "json", false, "print a JSON array instead of a table")
	fs.IntVar(&o.bits, "bits", 0, "binary logarithm of the table size of fused (default 20, with -users 21)")
	fs.Float64Var(&r.noise, "noise", 0, "`SHARE` of labels that are wrong, 0 to 1")
	fs.IntVar(&r.delay, "delay", 0, "`MESSAGES` between a verdict and its label")
	errorsOnly := fs.Bool("only-errors", false, "learn only messages that were judged wrong")
	unsure := fs.Bool("unsure-queue", false, "learn only messages that were judged wrong or with log-odds within ±2")
	fs.Float64Var(&r.share, "share", 1, "`SHARE` of the messages to be learned that are, 0 to 1")
	fs.Float64Var(&r.self, "self-training", 0, "learn messages without a label by the model's own verdict where its `LOG-ODDS` are larger, of either sign; with -share, 0 for never")
	fs.IntVar(&r.inbox, "inbox-as-ham", 0, "learn as ham after so many `MESSAGES` what was judged ham and is not labelled by then, as a filter does that takes what stays in the inbox\nfor ham. Labels are errors that somebody moved (-only-errors), of which -share says how many; 0 for never")
	source := fs.String("source", "", "`explicit` for labels that people corrected, implicit for those that rules or folders tell (default explicit, with -noise implicit)")
	users := fs.Bool("users", false, "mix the corpora, each of which is a user's mail: with features that count twice, for all and for the user (users),\nwith one table that knows no users (users=one), and with a table for each (users=separate). Of the fused model")
	attack := fs.Bool("attack", false, "learn the first 70 % and judge the spam of the rest with text added that shall hide it: the commonest words of ham, words chosen\nfrom the ham that was learned, or a whole ham message behind or in front; before and after 1, 3, 10 and 30 such messages were learned")
	drift := fs.Bool("drift", false, "carry one model through all corpora, the oldest first")
	fs.BoolVar(&o.noSymbols, "no-symbols", false, "learn without the symbols of a scan")
	fs.BoolVar(&o.windows, "windows", false, "let fused judge parts of a text by themselves, against spam that whole ham messages are pasted to")
	fs.StringVar(&o.prior, "prior", "none", "what is known before the first lesson: none, builtin or a `FILE`")
	fs.IntVar(&o.worst, "worst", 0, "print the `N` worst errors of each class, by date")
	return func() error {
		for name, on := range map[string]*bool{"users": users, "attack": attack, "drift": drift} {
			if !*on {
				continue
			}
			if r.kind != "" {
				return fmt.Errorf("-%s and -%s exclude each other", r.kind, name)
			}
			r.kind = name
		}
		if r.ask = "all"; *errorsOnly {
			r.ask = "only-errors"
		}
		if *unsure {
			if *errorsOnly {
				return errors.New("-only-errors and -unsure-queue exclude each other")
			}
			r.ask = "unsure-queue"
		}
		if r.inbox > 0 && r.ask == "all" {
			r.ask = "only-errors"
		}
		r.sure = *source == "explicit" || *source == "" && r.noise == 0
		if !slices.Contains([]string{"", "explicit", "implicit"}, *source) {
			return fmt.Errorf("-source %q: explicit or implicit", *source)
		}
		var err error
		if *model != "none" {
			if o.models, err = choice("model", *model, models()); err != nil {
				return err
			}
		}
		if *baseline != "" {
			if o.baselines, err = choice("baseline", *baseline, baselines()); err != nil {
				return err
			}
		}
		return o.check()
	}
}

// choice reads a flag that lists some of the names.
func choice(flag, value string, names []string) ([]string, error) {
	list := strings.Split(value, ",")
	for i, w := range list {
		if !slices.Contains(names, w) {
			return nil, fmt.Errorf("-%s %q: not one of %s", flag, w, strings.Join(names, ", "))
		}
		if slices.Contains(list[:i], w) {
			return nil, fmt.Errorf("-%s has %s twice", flag, w)
		}
	}
	return list, nil
}

// check completes the options and finds values that are out of bounds.
func (o *options) check() error {
	r := &o.regime
	switch {
	case o.corpus == "":
		return errors.New("-corpus is missing")
	case !(r.noise >= 0 && r.noise <= 1):
		return fmt.Errorf("-noise %v: a share from 0 to 1", r.noise)
	case !(r.share >= 0 && r.share <= 1):
		return fmt.Errorf("-share %v: a share from 0 to 1", r.share)
	case !(r.self >= 0):
		return fmt.Errorf("-self-training %v: log-odds from 0", r.self)
	case r.inbox < 0:
		return fmt.Errorf("-inbox-as-ham %d: a number of messages", r.inbox)
	case r.self > 0 && r.inbox > 0:
		return errors.New("-self-training and -inbox-as-ham exclude each other")
	case r.delay < 0:
		return fmt.Errorf("-delay %d: a number of messages", r.delay)
	case o.shuffles < 0 || o.shuffles > 100:
		return fmt.Errorf("-shuffles %d: 0 to 100", o.shuffles)
	case o.worst < 0:
		return fmt.Errorf("-worst %d: a number of messages", o.worst)
	case len(o.models)+len(o.baselines) == 0:
		return errors.New("-model none without -baseline measures nothing")
	case r.kind == "users" && (!slices.Equal(o.models, []string{"fused"}) || o.baselines != nil):
		return errors.New("-users is of -model fused alone")
	case r.kind != "" && o.worst > 0:
		return fmt.Errorf("-worst can't go with -%s", r.kind)
	}
	if o.index == "" {
		o.index = o.corpus + "/index.tsv"
	}
	if o.bits == 0 {
		if o.bits = fused.DefaultBits; r.kind == "users" {
			o.bits = fused.UserBits
		}
	}
	return nil
}

func eval(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	fs := flag.NewFlagSet("lab eval", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	check := o.evalFlags(fs)
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fs.SetOutput(stdout)
		fmt.Fprint(stdout, evalHelp)
		fs.PrintDefaults()
		return 0
	}
	if err == nil {
		err = check()
	}
	if err == nil && fs.NArg() > 0 {
		err = fmt.Errorf("%q is no flag", fs.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "lab eval: %v (-help explains the flags)\n", err)
		return 2
	}
	var rows []row
	if o.known, err = readPrior(o.prior); err == nil {
		rows, err = o.run(ctx, stderr)
	}
	if err == nil && o.json {
		e := json.NewEncoder(stdout)
		e.SetIndent("", " ")
		err = e.Encode(rows)
	} else if err == nil {
		err = table(stdout, rows)
	}
	if err != nil {
		fmt.Fprintln(stderr, "lab:", err)
		return 1
	}
	return 0
}
