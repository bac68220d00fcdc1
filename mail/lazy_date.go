package mail

// lazyDate belongs to the code that fills it; the zero value is "not looked at".
type lazyDate struct{}
