package profile

import (
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/score"
)

type Profile struct {
	Name       string
	Metric     score.Metric
	Thresholds actions.Thresholds
	Subject    string
}

func Rspamd() Profile {
	return Profile{Name: "rspamd", Thresholds: actions.Thresholds{actions.Reject: 15, actions.AddHeader: 6, actions.Greylist: 4}}
}
func Rspamd34() Profile { return Rspamd() }
func DMS() Profile      { return Rspamd() }
