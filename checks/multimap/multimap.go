// Package multimap looks values of a message up in lists that operators keep, and
// raises a symbol, or asks for an action, where a list has one: Rspamd's module of
// that name. A Rule says what is looked up, in which list, and what follows.
//
// What a list has beside a key may name the symbol, its factor and its options:
// "SYMBOL:2.5:option". Rules that look the same value up share the work, however
// many they are.
package multimap

import (
	"fmt"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/lists"
)

// A Type is what a rule looks up.
type Type string

// The types, as Rspamd has them.
const (
	IP            Type = "ip"             // the client's address
	From          Type = "from"           // the sender: address, domain and user name, or what Filter makes of the address
	Rcpt          Type = "rcpt"           // recipients, likewise
	Helo          Type = "helo"           // the client's greeting
	Hostname      Type = "hostname"       // the client's name by reverse DNS
	User          Type = "user"           // who logged in
	Header        Type = "header"         // header fields named by Headers
	Content       Type = "content"        // the message, or the part of it that Filter names
	Filename      Type = "filename"       // names of attached files, of files in archives, and "detected." with what the content is
	URL           Type = "url"            // hosts of URLs, or what Filter makes of the URLs
	DNSBL         Type = "dnsbl"          // the client's address in the DNS zone that Zone names
	ASN           Type = "asn"            // the number of the client's network
	Country       Type = "country"        // the country of it
	Mempool       Type = "mempool"        // Variable: asn, country or ipnet
	Received      Type = "received"       // hops of Received headers
	SymbolOptions Type = "symbol_options" // options of the symbol Target
	Selector      Type = "selector"       // what the selector Select gives
	Combined      Type = "combined"       // Parts, joined by Expression
)

// A Rule looks something up in a list.
type Rule struct {
	// Symbol is raised by the rule; it is unique.
	Symbol string
	// Doc says what it means; "" means the type and the symbol.
	Doc string
	// Groups are those of the symbol; nil means multimap.
	Groups []string
	// Score is the weight of the symbol.
	Score float64
	// OneShot counts the symbol once.
	OneShot bool

	Type Type
	// List is where it is looked up; Table, if set, is asked instead, for the
	// table Name, in which ${ip}, ${from}, ${from_domain},
	// ${principal_recipient} and ${principal_recipient_domain} stand for what the
	// message has.
	List  *lists.List `json:"-"`
	Table lists.Table `json:"-"`
	Name  string
	// Zone is DNSBL's.
	Zone string
	// Filter is what of the value is looked up, by Rspamd's names; see Validate
	// for those of each type. "" means all of it.
	Filter string

	// ExtractFrom says which sender or recipients From and Rcpt look at: "smtp",
	// "mime", "both", or "" for those of the envelope where there are some.
	ExtractFrom string
	Headers     []string
	// SkipArchives and SkipDetected leave out the names of files in archives and
	// what files are by their content.
	SkipArchives, SkipDetected bool
	Variable                   string // Mempool's
	Target                     string // SymbolOptions'
	// Select is a selector; Delimiter stands between the values of several.
	Select, Delimiter string
	// Parts are what Combined looks up, by the names that Expression has.
	Parts      map[string]Part `json:"-"`
	Expression string
	// MinPos and MaxPos choose among hops: 1 is the newest, -1 the oldest, 0 is no
	// bound. Flags and NotFlags are "ssl" and "authenticated". Artificial has the
	// client itself count as a hop.
	MinPos, MaxPos  int
	Flags, NotFlags []string
	Artificial      bool

	// Action, if set, is what a match comes to, whatever the score; Message is for
	// the reply, "" means "Matched map: " and the symbol. A match ends the scan.
	Action  actions.Action
	Message string
	// Symbols are those that the list may name; others count as Symbol. Without any
	// the list may name what it likes (NoSymbols: nothing), but what it did not name
	// when the rule was made counts as Symbol.
	Symbols   []string
	NoSymbols bool
	// Dynamic multiplies the factors of symbols that the list names with Score, where
	// their weight is 1 otherwise.
	Dynamic bool
	// Require is an expression over symbols that were raised before; where it is not
	// true the rule does not count.
	Require string
}

// A Part is a part of a combined rule: the list has a value that a selector gives.
type Part struct {
	Doc    string
	Select string
	List   *lists.List
}

// Options are the rules. The zero value has none.
type Options struct {
	// Off leaves the family out.
	Off   bool
	Rules []Rule
	// RuleLists are lists of rules of patterns.
	RuleLists []RuleList
	// Watcher makes the lists that Section reads of, nil means one of its own;
	// Tables is asked for those in Redis, nil means that there are none.
	Watcher *lists.Watcher `json:"-"`
	Tables  lists.Table    `json:"-"`
}

// MaxSymbols is how many symbols a list may name.
const MaxSymbols = 1000

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "multimap", Doc: "lists that the operator keeps", Config: o.config()}
	rules, err := o.compile()
	if f.Err = err; err != nil || o.Off {
		return f
	}
	for _, rules := range divide(rules) {
		f.Checks = append(f.Checks, newCheck(rules))
	}
	if c := o.ruleCheck(); c != nil {
		f.Checks = append(f.Checks, c)
	}
	return f
}

// config names lists by what they are made of. What they hold is no
// configuration: each scan records what it found.
func (o Options) config() any {
	type rule struct {
		Rule
		List  string
		Parts map[string]string
		Asked bool
	}
	all := make([]rule, len(o.Rules))
	for i, r := range o.Rules {
		all[i] = rule{Rule: r, Asked: r.Table != nil}
		if r.List != nil {
			all[i].List = r.List.Key()
		}
		all[i].Parts = map[string]string{}
		for name, p := range r.Parts {
			if p.List != nil {
				all[i].Parts[name] = p.Select + " " + p.List.Key()
			}
		}
	}
	texts := make([]string, len(o.RuleLists))
	for i, f := range o.ruleFiles() {
		texts[i] = f.Text
	}
	return struct {
		Off       bool
		Rules     string
		N         int
		RuleLists string
	}{o.Off, checks.Digest(all), len(all), checks.Digest(texts)}
}

// doc returns what the symbol means.
func (r *Rule) doc() string {
	if r.Doc != "" {
		return r.Doc
	}
	return fmt.Sprintf("a list of the operator's has the message's %s", r.Type)
}
