package mail

// lazyReceived belongs to the code that fills it; the zero value is "not looked at".
type lazyReceived struct{}
