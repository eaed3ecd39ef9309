"""Rows as the exports of other products have them."""

GOOGLE = (
    "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],"
    "Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Status [READ ONLY],"
    "Last Sign In [READ ONLY],Recovery Email,Home Secondary Email,Work Secondary Email,"
    "Recovery Phone [MUST BE IN THE E.164 FORMAT],Work Phone,Employee ID,2sv Enrolled [READ ONLY],"
    "Email Usage [READ ONLY],Total Storage [READ ONLY],Change Password at Next Sign-In,New Status [UPLOAD ONLY]"
)


GOOGLE_ROW = "Anna,Bakker,Anna@a.nl,****,,/,,Active,2026/01/01,anna@home.example,,w@a.nl,,,7,True,1.2GB,30GB,False,"
