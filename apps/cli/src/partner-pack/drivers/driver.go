package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		var parts [4]string
		for index := range parts {
			bytes, _ := base64.StdEncoding.DecodeString(fields[index+1])
			parts[index] = string(bytes)
		}
		secrets := strings.FieldsFunc(fields[0], func(r rune) bool { return r == ',' })
		now, _ := strconv.ParseInt(fields[5], 10, 64)
		tolerance, _ := strconv.Atoi(fields[6])
		err := Verify(secrets, parts[0], parts[1], parts[2], []byte(parts[3]), time.Unix(now, 0), time.Duration(tolerance)*time.Second)
		if err == nil {
			fmt.Println("ok")
		} else {
			fmt.Println("refused")
		}
	}
}
