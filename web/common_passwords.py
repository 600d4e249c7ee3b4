"""The commonest passwords of six characters or more, which guessers try first. No desk takes them.

The most frequent of the "xato-net 10 million passwords" (Mark Burnett, 2015, public domain; in SecLists), without
vulgar words, and some of twelve characters or more from the lists of other years.
"""

COMMON = frozenset(
    """
    123456 password 12345678 qwerty 123456789 111111 1234567 dragon 123123 baseball abc123 football monkey letmein
    696969 shadow master 666666 qwertyuiop 123321 mustang 1234567890 michael 654321 superman 1qaz2wsx 7777777 121212
    000000 qazwsx 123qwe killer trustno1 jordan jennifer zxcvbnm asdfgh hunter buster soccer harley batman andrew
    tigger sunshine iloveyou charlie robert thomas hockey ranger daniel starwars klaster 112233 george computer
    michelle jessica pepper zxcvbn 555555 11111111 131313 freedom 777777 maggie 159753 aaaaaa ginger princess joshua
    cheese amanda summer ashley nicole chelsea matthew access yankees 987654321 dallas austin thunder taylor matrix
    william corvette martin heather secret merlin diamond 1234qwer gfhjkm hammer silver 222222 88888888 anthony
    justin bailey q1w2e3r4t5 patrick internet scooter orange golfer cookie richard samantha bigdog guitar jackson
    whatever mickey chicken sparky snoopy maverick phoenix camaro peanut morgan welcome falcon cowboy ferrari samsung
    andrea smokey steelers joseph mercedes dakota arsenal eagles melissa boomer booboo spider nascar monster tigers
    yellow xxxxxx 123123123 gateway marina diablo bulldog qwer1234 compaq purple hardcore banana junior hannah 123654
    porsche lakers iceman cowboys 987654 london tennis 999999 ncc1701 coffee scooby miller boston q1w2e3r4 brandon
    yamaha chester mother forever johnny edward 333333 oliver redsox player nikita knight fender barney midnight
    please brandy chicago badboy slayer rangers charles flower bigdaddy rabbit wizard jasper rachel steven winner
    adidas victoria natasha 1q2w3e4r jasmine winter prince marine ghbdtn fishing cocacola casper 232323 raiders
    888888 marlboro gandalf asdfasdf crystal 87654321 12344321 golden 8675309 panther lauren angela spanky thx1138
    angels madison winston shannon toyota jordan23 canada sophie apples 123abc pokemon qazxsw qwaszx muffin johnson
    murphy cooper jonathan liverpool danielle 159357 jackie 123456a 789456 turtle abcd1234 scorpion qazwsxedc 101010
    butter carlos password1 dennis slipknot qwerty123 booger startrek 12341234 cameron newyork rainbow nathan rocket
    viking redskins asdfghjkl sierra peaches gemini doctor wilson sandra helpme qwertyui victor florida dolphin
    captain tucker bandit dolphins packers jaguar nicholas united tiffany maxwell zzzzzz nirvana jeremy monica
    elephant giants hotdog rosebud success debbie mountain 444444 xxxxxxxx warrior 1q2w3e4r5t q1w2e3 123456q albert
    metallic azerty samson bond007 alexis 1111111 willie scorpio bonnie benjamin driver dexter calvin freddy 212121
    creative sydney rush2112 red123 4815162342 passw0rd trouble gordon legend jessie stella eminem arthur nissan
    america 1qazxsw2 nothing parker rebecca qweqwe garfield 01012011 asdasd december 102030 252525 11223344 apollo
    skippy kitten copper shelby godzilla august airborne qqqqqq brooklyn animal platinum phantom online xavier
    darkness blink182 789456123 voyager police travis 12qwaszx heaven snowball abcdef pakistan 007007 walter cricket
    sniper donkey willow loveme saturn pumpkin trinity williams nintendo digital destiny runner chance bubbles
    testing november minecraft asdf1234 lasvegas sergey private little babygirl donald beatles 12121212 family school
    gabriel 147258369 explorer spencer lovely cherry snickers buffalo metallica member alexander paradise samuel
    montana mexico dreams friends genius 0987654321 qwerty1 147147 147258 simple qweasdzxc drowssap 010203 google
    changeme letmein1 welcome1 admin123 iloveyou1 princess1 1q2w3e 123qweasd zaq12wsx aa123456 a1b2c3 000000000
    password12 password123 password1234 password12345 passwordpassword qwertyuiop123 qwerty123456 qwertyuiopasdfgh
    123456789012 1234567890123 12345678901234 1234567890abc 111111111111 000000000000 123123123123 abcdefghijkl
    abc123abc123 abcd1234abcd 1q2w3e4r5t6y q1w2e3r4t5y6 1qaz2wsx3edc zaq12wsxcde3 qazwsxedcrfv asdfghjkl123
    iloveyouforever letmeinplease administrator administrator1 changemeplease welcome12345 supportdesk supportdesk1
    correcthorsebatterystaple thisismypassword mypassword123 adminadmin123 rootrootroot
    """.split()
)
