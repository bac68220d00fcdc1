// Package checks is the frame that every rule lives in. A Check is a value
// that says which symbols it may raise, what it needs and how it runs; a Task
// is what it sees of the message in hand and where it reports; a Fact is a
// typed value that one check leaves for others.
//
// Plan, State, Outcome and Owned serve schedulers, which are package winnow and
// checktest; a rule needs none of them.
//
// Rules live in checks/<family>; the list of the built-in ones is
// checks/standard. Read this file, then one small family with its fixtures
// (checks/subject), then write your own.
package checks

import (
	"context"

	"github.com/winnowmail/winnow/symbols"
)

// A Check is one rule or a small family of rules that share their work.
// Checks hold no state of a scan: one value serves all scans at once.
type Check struct {
	Name    string         // unique within a Scanner, lower case
	Doc     string         // what it looks at, for operators
	Symbols []*symbols.Def // everything Run may raise
	// Provides names the facts Run may set.
	Provides []AnyFact
	// Requires names facts and symbols that Run reads. It orders the checks:
	// their providers run before. A provider may be missing; the fact is then
	// absent, and the reader has to handle that.
	Requires []Requirement
	Stage    Stage
	Priority int // within Early and Late; higher runs earlier in Early, later in Late, as Rspamd
	Needs    Needs
	// Heavy puts the check behind the others of its stage that need nothing but
	// the message: its work grows fast with the message, or opens containers.
	Heavy bool
	// Empty runs the check on a message of zero bytes, too. Only scans to the
	// letter of Rspamd (Task.Exact) run checks on one at all.
	Empty bool
	// Always runs the check even if all its symbols are disabled: for checks
	// whose facts others need.
	Always bool
	// Config is the check's configuration as data: the configuration digest
	// covers it. It must marshal to JSON.
	Config any
	// Secrets maps domains that the check asks DNS about to those that hold a
	// secret: the check asks for "{key}.list.example", which is recorded and
	// logged, and the server is asked about "s3cret.list.example"
	// (resolver.Mask).
	Secrets map[string]string
	// Start, if set, begins what outlives a scan (list health, feeds). It
	// returns when that has begun. ctx ends when the last Scanner that uses the
	// family closes; the host's own checks belong to one Scanner alone.
	Start func(ctx context.Context, env *Env) error
	// Run looks at one message. A network failure is a value of a fact or a
	// symbol, never an error: an error means a bug in the check and names it
	// in Result.Incomplete.
	Run func(ctx context.Context, t *Task) error
}

// A Stage is a step of a scan; within one, checks run in the order of their
// requirements and otherwise in list order.
type Stage uint8

// The stages. Main is the zero value.
const (
	Main     Stage = iota
	Early          // before all others, by Priority; a pre-result ends the scan
	Classify       // after Main, sees its results: statistics
	Late           // after the composites; may still raise symbols
)

func (s Stage) String() string {
	return [...]string{"main", "early", "classify", "late"}[s]
}

// A Phase is a point of the SMTP dialogue.
type Phase uint8

// The phases. Data, the whole message, is the zero value.
const (
	Data Phase = iota
	Connect
	MailFrom
	Rcpt
)

func (p Phase) String() string {
	return [...]string{"data", "connect", "mail", "rcpt"}[p]
}

// Needs says what a check depends on outside the message. A check that waits for
// anything but the replies of Task.Resolver has Store or Net.
type Needs struct {
	DNS, Store, Net bool
	Phase           Phase // from which point of the dialogue on it can run
	// Queries is the most DNS questions the check may ask in one scan; 0
	// with DNS means no limit of its own beside the scan's.
	Queries int
}

// Waits reports whether the check waits for something outside the process.
func (n Needs) Waits() bool { return n.DNS || n.Store || n.Net }

// A Requirement is a fact or a symbol that a check reads.
type Requirement struct {
	Fact AnyFact
	Def  *symbols.Def
	All  bool // every symbol of the stages before, composites too
}

// AllSymbols is the requirement of a check that looks at whatever was raised.
func AllSymbols() Requirement { return Requirement{All: true} }

// Defs lists symbols as requirements.
func Defs(defs ...*symbols.Def) []Requirement {
	rs := make([]Requirement, len(defs))
	for i, d := range defs {
		rs[i].Def = d
	}
	return rs
}

// Facts lists facts as requirements.
func Facts(fs ...AnyFact) []Requirement {
	rs := make([]Requirement, len(fs))
	for i, f := range fs {
		rs[i].Fact = f
	}
	return rs
}
