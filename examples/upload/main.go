// Upload is a web service that judges mail files: a form's file field "mail"
// goes in, the verdict in the form of Rspamd's replies comes out. "from" and
// "rcpt" are optional fields with envelope addresses.
//
//	go run ./examples/upload -listen 127.0.0.1:8080
//	curl -F mail=@testdata/spam.eml http://127.0.0.1:8080/
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/mail"
)

// maxUpload bounds a request, maxMemory what of it is not kept in a file.
const (
	maxUpload = 50 << 20
	maxMemory = 1 << 20
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to listen on")
	flag.Parse()
	scanner, err := winnow.New(winnow.Options{})
	if err == nil {
		err = http.ListenAndServe(*listen, handler(scanner))
	}
	fmt.Fprintf(os.Stderr, "upload: %v\n", err)
	os.Exit(1)
}

// handler judges what is posted to it. A forgotten field and an empty file are
// no mail: the reply says that nothing was scanned ("skipped").
func handler(scanner *winnow.Scanner) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
		if err := r.ParseMultipartForm(maxMemory); err != nil {
			refuse(w, err)
			return
		}
		defer r.MultipartForm.RemoveAll()
		m := &winnow.Message{
			Envelope: mail.Envelope{From: r.FormValue("from"), HasFrom: r.Form.Has("from"), Rcpts: r.Form["rcpt"]},
			Body:     winnow.FromBytes(nil),
		}
		if file, head, err := r.FormFile("mail"); err == nil {
			defer file.Close()
			m.Body = winnow.FromReaderAt(file, head.Size)
		}
		res, err := scanner.Scan(r.Context(), m)
		if err != nil {
			http.Error(w, "the filter failed", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(res.JSON())
	})
}

// refuse answers to what is no form, or too large a one.
func refuse(w http.ResponseWriter, err error) {
	code := http.StatusBadRequest
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		code = http.StatusRequestEntityTooLarge
	}
	http.Error(w, err.Error(), code)
}
