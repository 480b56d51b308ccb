api=http://localhost:8000/api/v1
field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
post() { curl -sS -X POST "$api/$1" -H 'Content-Type: application/json' -d "$2"; }

# Register. The answer is the same whether or not the address is taken.
registration=$(post auth/register '{"email":"ada@example.com","password":"correct horse battery staple"}' | field registration)

# The worker mails a code; here mail is a file.
sleep 3; code=$(grep -hoE '^ {4}[0-9]{6}$' "$(ls var/mail/*.eml | tail -n 1)" | tr -d ' ')
post auth/verify-email "{\"email\":\"ada@example.com\",\"code\":\"$code\",\"registration\":\"$registration\"}" | grep -o '"email_verified":[a-z]*'

# Sign in, and see who you are.
tokens=$(post auth/login '{"email":"Ada@Example.com","password":"correct horse battery staple"}')
access=$(echo "$tokens" | field access); refresh=$(echo "$tokens" | field refresh)
curl -sS "$api/me" -H "Authorization: Bearer $access"; echo

# Go on with a new pair of tokens.
access=$(post auth/token/refresh "{\"refresh\":\"$refresh\"}" | field access)
curl -sS "$api/sessions" -H "Authorization: Bearer $access"; echo

# Sign out. The session is refused from the next request on.
curl -sS -X POST "$api/auth/logout" -H "Authorization: Bearer $access" -w '%{http_code}\n'
curl -sS "$api/me" -H "Authorization: Bearer $access"; echo
